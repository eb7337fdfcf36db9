// The float32 arithmetic of the exact class, written once for every device.
//
// No include guard: included into a namespace, once for scalars (host and CUDA) and once for each
// SIMD instruction set. Before that, HELMHOLTZ_FN must hold the function attributes.
//
// `O` names the vector type and its operations: F float32, U uint32, B condition; fma(a,b,c) =
// a*b+c, fms(a,b,c) = a*b-c, fnma(a,b,c) = c-a*b, each rounded once; add, sub, mul rounded to
// nearest; min, max; less; set, set_bits (broadcast); bits, floats (reinterpret); shift_left<n>,
// shift_right<n>, add_bits, sub_bits, or_bits on U.

/// An activity where exp keeps to float32.
template <class O>
HELMHOLTZ_FN typename O::F clamped(typename O::F activity) {
  return O::min(O::max(activity, O::set(-80.0F)), O::set(80.0F));
}

/// D = 1 + exp(-a), so that sigma(a) = 1 / D. Relative error below 3e-7 for |a| <= 10; a is clamped
/// to [-80, 80]. exp(-a) = 2^n * 2^f with n the nearest integer and a minimax polynomial for 2^f.
template <class O>
HELMHOLTZ_FN typename O::F one_plus_exp_minus(typename O::F activity) {
  const auto a = clamped<O>(activity);
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
  return O::add(O::floats(O::add_bits(O::bits(p), exponent)), O::set(1.0F));
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
