// exp and ln in double, written once for every device: the same bits everywhere.
//
// No include guard: included into a namespace, once for scalars (host and CUDA) and once for each
// SIMD instruction set. Before that, HELMHOLTZ_FN must hold the function attributes.
//
// `O` names the vector type and its operations: F float64, U uint64; fma(a,b,c) = a*b+c and
// fnma(a,b,c) = c-a*b, each rounded once; add, sub, mul, div rounded to nearest; max; set, set_bits
// (broadcast); bits, floats (reinterpret); shift_left<n>, shift_right<n>, add_bits, and_bits,
// or_bits on U.

/// c[n-1] x^(n-1) + … + c[0] by Horner's rule.
template <class O, int n>
HELMHOLTZ_FN typename O::F horner(const double (&c)[n], typename O::F x) {
  auto sum = O::set(c[n - 1]);
  for (int i = n - 2; i >= 0; --i) sum = O::fma(sum, x, O::set(c[i]));
  return sum;
}

/// exp(x) for x <= 709; relative error below 3e-16. Below -708 it stays at exp(-708) > 0.
/// exp(x) = 2^n * exp(f) with n the nearest integer to x / ln 2 and a minimax polynomial for
/// exp(f).
template <class O>
HELMHOLTZ_FN typename O::F exp(typename O::F x) {
  constexpr double kCoefficients[] = {0x1p+0,
                                      0x1p+0,
                                      0x1.0000000000010p-1,
                                      0x1.55555555554a2p-3,
                                      0x1.555555554f36ep-5,
                                      0x1.1111111130de1p-7,
                                      0x1.6c16c187817d0p-10,
                                      0x1.a01a011054f6ap-13,
                                      0x1.a01992cfdd3c8p-16,
                                      0x1.71df4523659eep-19,
                                      0x1.28b312d51eb85p-22,
                                      0x1.ad661b430268dp-26};
  const auto magic = O::set(0x1.8p52);  // adding it rounds to an integer
  const auto clamped = O::max(x, O::set(-708.0));
  const auto rounded = O::fma(clamped, O::set(0x1.71547652b82fep+0), magic);
  const auto n = O::sub(rounded, magic);
  auto f = O::fnma(n, O::set(0x1.62e42fefa39efp-1), clamped);  // ln 2 in two parts
  f = O::fnma(n, O::set(0x1.abc9e3b39803fp-56), f);
  // The low bits of `rounded` hold n; shifted, they add n to the exponent.
  const auto exponent = O::template shift_left<52>(O::bits(rounded));
  return O::floats(O::add_bits(O::bits(horner<O>(kCoefficients, f)), exponent));
}

/// ln x for normal x > 0; relative error below 3e-16.
/// x = 2^k * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); with s = f / (2 + f), ln(1 + f) =
/// 2 atanh(s) = 2 s + s R(s^2), summed as f - (f^2/2 - s (f^2/2 + R)) to lose no digits.
template <class O>
HELMHOLTZ_FN typename O::F log(typename O::F x) {
  constexpr double kCoefficients[] = {
      0x1.5555555555592p-1, 0x1.999999997fd77p-2, 0x1.24924941f4f69p-2, 0x1.c71c52060b691p-3,
      0x1.74663fa185267p-3, 0x1.39a1a705ed4c2p-3, 0x1.2f0633fdab472p-3};
  constexpr unsigned long long kOne = 0x3FF0000000000000;
  constexpr unsigned long long kRootHalf = 0x3FE6A09E667F3BCD;
  const auto shifted = O::add_bits(O::bits(x), O::set_bits(kOne - kRootHalf));
  const auto fraction = O::and_bits(shifted, O::set_bits(0x000FFFFFFFFFFFFF));
  const auto f = O::sub(O::floats(O::add_bits(fraction, O::set_bits(kRootHalf))), O::set(1.0));
  // An integer below 2^52 in the low bits of 2^52 becomes a double without a conversion.
  const auto biased = O::or_bits(O::template shift_right<52>(shifted), O::bits(O::set(0x1p52)));
  const auto k = O::sub(O::floats(biased), O::set(0x1p52 + 1023));

  const auto s = O::div(f, O::add(f, O::set(2.0)));
  const auto z = O::mul(s, s);
  const auto r = O::mul(z, horner<O>(kCoefficients, z));
  const auto half_square = O::mul(O::mul(f, O::set(0.5)), f);
  const auto low = O::fma(k, O::set(0x1.cf79abc9e3b3ap-40), O::mul(s, O::add(half_square, r)));
  return O::fma(k, O::set(0x1.62e42fefa0000p-1), O::sub(f, O::sub(half_square, low)));
}
