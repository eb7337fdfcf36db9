// The sampled KL from integer counts, written once for every device.
//
// No include guard: included into a namespace. Before that, HELMHOLTZ_FN must hold the function
// attributes.

struct CountedKl {
  double kl;  ///< KL(world || model) in nats over the patterns that were seen
  unsigned unseen;
  unsigned long long seen;  ///< samples that are patterns of the world
};

/// sum_k P_k (ln P_k - ln(count_k / samples)) over the patterns with a count, in order.
///
/// Never negative where every pattern has a count: what rounding can have taken below zero is 0, as
/// in exact_kl. Every logarithm is at most ln samples, for K <= samples; on the scale of
/// L = 1 + ln samples, K patterns round at most 2 K + 10 times, and the P add up to 1 within
/// 3 K 2^-53: together below 20 K L 2^-53.
/// @param log  ln x for normal x > 0, the same bits everywhere
template <class Count, class Log>
HELMHOLTZ_FN CountedKl kl_from_counts(const Count* counts, std::size_t patterns, double samples,
                                      const double* probabilities, const double* log_probabilities,
                                      Log log) {
  CountedKl result{0.0, 0U, 0ULL};
  for (std::size_t k = 0; k < patterns; ++k) {
    if (counts[k] == 0) {
      ++result.unseen;
      continue;
    }
    result.seen += counts[k];
    const double log_q = log(static_cast<double>(counts[k]) / samples);
    result.kl += probabilities[k] * (log_probabilities[k] - log_q);
  }
  if (result.kl < 0 && result.unseen == 0) {
    const double rounding = 20 * 0x1p-53 * static_cast<double>(patterns) * (1 + log(samples));
    if (result.kl >= -rounding) result.kl = 0;
  }
  return result;
}
