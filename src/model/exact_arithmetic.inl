// The float32 arithmetic of the exact class, written once for every device.
//
// No include guard: included into a namespace, once for scalars (host and CUDA) and once for each
// SIMD instruction set. Before that, HELMHOLTZ_FN must hold the function attributes.
//
// `O` names the vector type and its operations: F float32, U uint32, B condition; fma(a,b,c) =
// a*b+c, fms(a,b,c) = a*b-c, fnma(a,b,c) = c-a*b, each rounded once; add, sub, mul rounded to
// nearest; min, max; less; set, set_bits (broadcast); bits, floats (reinterpret); shift_left<n>,
// shift_right<n>, add_bits, sub_bits, and_bits, or_bits on U; from_signed (a U that holds a signed
// integer, rounded to F).

/// An activity where exp keeps to float32.
template <class O>
HELMHOLTZ_FN typename O::F clamped(typename O::F activity) {
  return O::min(O::max(activity, O::set(-80.0F)), O::set(80.0F));
}

/// exp(-a) = 2^n * 2^f for a clamped a, with n the nearest integer and a minimax polynomial for
/// 2^f. exp(0) is 1.
template <class O>
HELMHOLTZ_FN typename O::F exp_minus(typename O::F a) {
  const auto minus_log2e = O::set(-1.44269504F);
  const auto magic = O::set(12582912.0F);  // 1.5 * 2^23: adding it rounds to an integer
  const auto rounded = O::fma(a, minus_log2e, magic);
  const auto f = O::fms(a, minus_log2e, O::sub(rounded, magic));
  auto p = O::set(0x1.5bba14p-10F);
  p = O::fma(p, f, O::set(0x1.3cea88p-7F));
  p = O::fma(p, f, O::set(0x1.c6b752p-5F));
  p = O::fma(p, f, O::set(0x1.ebf9bcp-3F));
  p = O::fma(p, f, O::set(0x1.62e42ap-1F));
  p = O::fma(p, f, O::set(1.0F));
  // The low bits of `rounded` hold n; shifted, they add n to the exponent of p.
  const auto exponent = O::template shift_left<23>(O::bits(rounded));
  return O::floats(O::add_bits(O::bits(p), exponent));
}

/// D = 1 + exp(-a) of a clamped a, so that sigma(a) = 1 / D. Where |a| <= 10, the relative error
/// is below 3e-7.
template <class O>
HELMHOLTZ_FN typename O::F one_plus_exp_minus_clamped(typename O::F a) {
  return O::add(exp_minus<O>(a), O::set(1.0F));
}

/// The same of any activity.
template <class O>
HELMHOLTZ_FN typename O::F one_plus_exp_minus(typename O::F activity) {
  return one_plus_exp_minus_clamped<O>(clamped<O>(activity));
}

/// u < 1/D without a division, for u in [0, 1) from the top 23 bits of a random word.
template <class O>
HELMHOLTZ_FN typename O::B fires(typename O::F d, typename O::U word) {
  const auto v = O::floats(O::or_bits(O::template shift_right<9>(word), O::set_bits(0x3F800000U)));
  return O::less(O::fms(v, d, d), O::set(1.0F));
}

/// p = 1/D: an integer first guess (error below 5.1 %), one step of third order, one of Newton's.
/// Not always the nearest float (error below 0.8 ulp), but the same one everywhere.
template <class O>
HELMHOLTZ_FN typename O::F reciprocal(typename O::F d) {
  const auto one = O::set(1.0F);
  auto x = O::floats(O::sub_bits(O::set_bits(0x7EF33800U), O::bits(d)));
  const auto e = O::fnma(d, x, one);
  x = O::fma(x, O::fma(e, e, e), x);
  return O::fma(x, O::fnma(d, x, one), x);
}

/// sigma(a) = 1 / (1 + exp(-a)).
template <class O>
HELMHOLTZ_FN typename O::F sigmoid(typename O::F activity) {
  return reciprocal<O>(one_plus_exp_minus<O>(activity));
}

/// ln(x * 2^exponent) for normal x > 0; error below 1e-7 and 3e-7 of the result.
/// x = 2^k * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); with s = f / (2 + f) and z = s^2,
/// ln(1 + f) = 2 atanh(s) = 2 s + s z P(z).
template <class O>
HELMHOLTZ_FN typename O::F log_scaled(typename O::F x, typename O::U exponent) {
  constexpr unsigned kOne = 0x3F800000U;
  constexpr unsigned kRootHalf = 0x3F3504F3U;
  const auto shifted = O::add_bits(O::bits(x), O::set_bits(kOne - kRootHalf));
  const auto fraction = O::and_bits(shifted, O::set_bits(0x007FFFFFU));
  const auto f = O::sub(O::floats(O::add_bits(fraction, O::set_bits(kRootHalf))), O::set(1.0F));
  const auto k = O::sub_bits(O::template shift_right<23>(shifted), O::set_bits(127));

  const auto s = O::mul(f, reciprocal<O>(O::add(f, O::set(2.0F))));
  const auto z = O::mul(s, s);
  auto p = O::set(0x1.2eeaa2p-2F);
  p = O::fma(p, z, O::set(0x1.997c0ap-2F));
  p = O::fma(p, z, O::set(0x1.55555cp-1F));
  const auto log = O::fma(s, O::mul(z, p), O::add(s, s));
  return O::fma(O::from_signed(O::add_bits(k, exponent)), O::set(0x1.62e430p-1F), log);
}

/// ln of the probability that a network gives to the states of its units: the sum over its units of
/// ln sigma(a) = -ln D where a unit is 1 and of ln(1 - sigma(a)) = -(a + ln D) where it is 0. The
/// D's multiply up, so that it takes one logarithm in the end. Units are added in the order in
/// which the network samples them, layer by layer (the generative network's top down, the
/// recognition network's bottom up).
template <class O>
class LogProbability {
 public:
  /// @param units  how many will be added
  explicit HELMHOLTZ_FN LogProbability(int units)
      : mantissa_(O::set(1.0F)),
        exponent_(O::set_bits(0U - 127U * static_cast<unsigned>(units))),
        off_(O::set(0.0F)) {}

  /// @param activity  clamped
  /// @param d         one_plus_exp_minus(activity)
  /// @param state     0 or 1
  HELMHOLTZ_FN void add(typename O::F activity, typename O::F d, typename O::F state) {
    const auto product = O::bits(O::mul(mantissa_, d));
    exponent_ = O::add_bits(exponent_, O::template shift_right<23>(product));
    mantissa_ = O::floats(
        O::or_bits(O::and_bits(product, O::set_bits(0x007FFFFFU)), O::set_bits(0x3F800000U)));
    off_ = O::fma(O::sub(O::set(1.0F), state), activity, off_);
  }

  /// ln(p / q), the logarithm of a particle's importance weight.
  static HELMHOLTZ_FN typename O::F log_ratio(const LogProbability& p, const LogProbability& q) {
    const auto mantissa = O::mul(q.mantissa_, reciprocal<O>(p.mantissa_));
    const auto exponent = O::sub_bits(q.exponent_, p.exponent_);
    return O::add(log_scaled<O>(mantissa, exponent), O::sub(q.off_, p.off_));
  }

 private:
  typename O::F mantissa_;  // of the product of the D's, in [1, 2)
  typename O::U exponent_;  // of that product; each unit adds it with a bias of 127
  typename O::F off_;       // sum of the activities of units that are 0
};

/// Makes weights that add up to 1 of their logarithms, in place: w_k = exp(ln w_k - max) / sum,
/// where the sum goes up by k. A single weight is 1 exactly.
/// @param weights  [n] of F, or what behaves like them
template <class O, class Weights>
HELMHOLTZ_FN void normalise_weights(Weights weights, int n) {
  typename O::F largest = weights[0];
  for (int k = 1; k < n; ++k) largest = O::max(largest, weights[k]);
  auto sum = O::set(0.0F);
  for (int k = 0; k < n; ++k) {
    weights[k] = exp_minus<O>(clamped<O>(O::sub(largest, weights[k])));
    sum = O::add(sum, weights[k]);
  }
  const auto scale = reciprocal<O>(sum);
  for (int k = 0; k < n; ++k) weights[k] = O::mul(weights[k], scale);
}
