// How a parameter follows its gradient with an optimiser that keeps means
// (helmholtz/optimizer.hpp), written once for every backend but the reference, host and device.
//
// No include guard: included into a namespace of its user's. Before that, HELMHOLTZ_FN must hold
// the function attributes. `O`: F float32; set (broadcast); add, mul, div, sqrt, each rounded to
// nearest.

/// mean = beta mean + (1 - beta) x; 1 - beta is exact for beta >= 1/2.
template <class O>
HELMHOLTZ_FN typename O::F decayed(float beta, typename O::F mean, typename O::F x) {
  return O::add(O::mul(O::set(beta), mean), O::mul(O::set(1.0F - beta), x));
}

/// W + rate * v, with the mean v of g.
template <class O>
HELMHOLTZ_FN typename O::F moved_by_momentum(const step::Update& update, typename O::F rate,
                                             typename O::F w, typename O::F g,
                                             typename O::F& mean) {
  mean = decayed<O>(update.beta, mean, g);
  return O::add(w, O::mul(rate, mean));
}

/// W + rate * m^ / (sqrt(v^) + epsilon), with the corrected means m^ of g and v^ of g^2.
template <class O>
HELMHOLTZ_FN typename O::F moved_by_adam(const step::Update& update, typename O::F rate,
                                         typename O::F w, typename O::F g, typename O::F& mean,
                                         typename O::F& square) {
  mean = decayed<O>(update.beta, mean, g);
  square = decayed<O>(update.beta2, square, O::mul(g, g));
  const auto root = O::sqrt(O::mul(square, O::set(update.correction2)));
  const auto corrected = O::mul(mean, O::set(update.correction));
  return O::add(w, O::mul(rate, O::div(corrected, O::add(root, O::set(update.epsilon)))));
}
