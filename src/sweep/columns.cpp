#include <cmath>
#include <limits>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

namespace {

/// One NaN for all, so that equal results have equal bits.
double canonical(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

}  // namespace

Shard::Shard(std::uint64_t first_machine, std::uint64_t machines, std::uint64_t evaluations_each,
             bool sampled)
    : first(first_machine),
      evaluations(evaluations_each),
      seeds(machines),
      configurations(machines),
      kl_exact(machines * evaluations_each),
      kl_sampled(sampled ? machines * evaluations_each : 0),
      unseen(kl_sampled.size()),
      diverged(kl_exact.size()) {}

Evaluation Shard::evaluation(std::uint64_t k, std::uint64_t e) const {
  const auto i = k * evaluations + e;
  Evaluation evaluation{.kl_exact = kl_exact[i], .diverged = diverged[i] != 0};
  if (kl_sampled.empty()) return evaluation;
  evaluation.kl_sampled = kl_sampled[i];
  evaluation.unseen = unseen[i];
  return evaluation;
}

void Shard::set_evaluation(std::uint64_t k, std::uint64_t e, const Evaluation& evaluation) {
  const auto i = k * evaluations + e;
  kl_exact[i] = canonical(evaluation.kl_exact);
  diverged[i] = evaluation.diverged ? 1 : 0;
  if (kl_sampled.empty()) return;
  kl_sampled[i] = canonical(evaluation.kl_sampled);
  unseen[i] = evaluation.unseen;
}

std::uint64_t Shard::count_diverged() const {
  std::uint64_t count = 0;
  for (std::uint64_t k = 0; k < machines(); ++k) count += diverged[(k + 1) * evaluations - 1];
  return count;
}

}  // namespace helmholtz
