#include "model/portable_math.hpp"

#include <cmath>

#include "model/exact_scalar.hpp"

namespace helmholtz::portable {

namespace {

using Scalar = ScalarOps<double>;

#define HELMHOLTZ_FN inline
#include "model/portable_double.inl"
#undef HELMHOLTZ_FN

/// c[0] + c[1] x + … + c[n-1] x^(n-1).
template <int n>
double polynomial(const double (&c)[n], double x) {
  double sum = c[n - 1];
  for (int i = n - 2; i >= 0; --i) sum = sum * x + c[i];
  return sum;
}

/// factor * P(x) / (1 + x Q(x)).
double ratio(double factor, const double (&p)[8], const double (&q)[7], double x) {
  return factor * polynomial(p, x) / (polynomial(q, x) * x + 1.0);
}

}  // namespace

double exp(double x) { return exp<Scalar>(x); }

double log(double x) {
  constexpr double kSmallestNormal = 0x1p-1022;
  constexpr double kLn2 = 0x1.62e42fefa39efp-1;
  return x < kSmallestNormal ? log<Scalar>(x * 0x1p54) - 54 * kLn2 : log<Scalar>(x);
}

double power(double x, std::uint64_t n) {
  double result = 1;
  for (; n != 0; n >>= 1U) {
    if ((n & 1U) != 0) result *= x;
    x *= x;
  }
  return result;
}

double normal_quantile(double p) {
  constexpr double kA[] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                           1.9715909503065514427e3, 1.3731693765509461125e4,
                           4.5921953931549871457e4, 6.7265770927008700853e4,
                           3.3430575583588128105e4, 2.5090809287301226727e3};
  constexpr double kB[] = {4.2313330701600911252e1, 6.8718700749205790830e2,
                           5.3941960214247511077e3, 2.1213794301586595867e4,
                           3.9307895800092710610e4, 2.8729085735721942674e4,
                           5.2264952788528545610e3};
  constexpr double kC[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                           5.76949722146069140550e0,  3.64784832476320460504e0,
                           1.27045825245236838258e0,  2.41780725177450611770e-1,
                           2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr double kD[] = {2.05319162663775882187e0,  1.67638483018380384940e0,
                           6.89767334985100004550e-1, 1.48103976427480074590e-1,
                           1.51986665636164571966e-2, 5.47593808499534494600e-4,
                           1.05075007164441684324e-9};
  constexpr double kE[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                           1.78482653991729133580e0,  2.96560571828504891230e-1,
                           2.65321895265761230930e-2, 1.24266094738807843860e-3,
                           2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr double kF[] = {5.99832206555887937690e-1, 1.36929880922735805310e-1,
                           1.48753612908506148525e-2, 7.86869131145613259100e-4,
                           1.84631831751005468180e-5, 1.42151175831644588870e-7,
                           2.04426310338993978564e-15};
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    return ratio(q, kA, kB, 0.180625 - q * q);
  }
  const double r = std::sqrt(-log(q < 0 ? p : 1 - p));
  const double tail = r <= 5 ? ratio(1, kC, kD, r - 1.6) : ratio(1, kE, kF, r - 5);
  return q < 0 ? -tail : tail;
}

}  // namespace helmholtz::portable
