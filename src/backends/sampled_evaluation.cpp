#include "backends/sampled_evaluation.hpp"

#include <algorithm>
#include <utility>

namespace helmholtz {

SampledEvaluation::SampledEvaluation(const Backend& backend, std::uint64_t step, std::size_t first,
                                     std::uint64_t samples, std::span<Evaluation> out)
    : backend_(backend),
      step_(step),
      first_(first),
      samples_(samples),
      out_(out),
      counter_(backend.ensemble().world) {}

bool SampledEvaluation::run(const std::function<bool()>& stop_requested) {
  constexpr std::size_t kFloats = std::size_t{1} << 16U;  // of a group's parameters, a thread
  if (out_.empty()) return true;
  const auto stride = backend_.ensemble().topology.parameters();
  const auto threads = static_cast<std::size_t>(backend_.workers().threads());
  const auto group = std::clamp<std::size_t>(threads * kFloats / stride, 1, out_.size());
  parameters_.resize(group * stride);
  for (begin_ = 0; begin_ < out_.size(); begin_ += group) {
    const auto count = std::min(group, out_.size() - begin_);
    backend_.read_parameters(first_ + begin_, count, std::span(parameters_).first(count * stride));
    if (!run_group(count, stop_requested)) return false;
  }
  return true;
}

bool SampledEvaluation::run_group(std::size_t count, const std::function<bool()>& stop_requested) {
  // Multiply-adds: what pays for a hand-over, some milliseconds, and for a thread between two
  // questions less than a second.
  constexpr std::uint64_t kSmallest = std::uint64_t{1} << 16U;
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 24U;
  constexpr std::uint64_t kRound = std::uint64_t{1} << 26U;
  constexpr std::uint64_t kVector = 16;  // samples, a multiple of any instruction set's lanes
  const auto work = backend_.ensemble().topology.generative_parameters();
  const auto threads = static_cast<std::uint64_t>(backend_.workers().threads());
  const auto total = count * samples_;
  const auto samples = std::clamp(total / threads, kSmallest / work, kLargest / work);
  const auto piece = samples / kVector * kVector + kVector;
  const auto round = threads * std::max<std::uint64_t>(kRound / (piece * work), 1) * piece;
  for (std::uint64_t begin = 0; begin < total; begin += round) {
    if (stop_requested && stop_requested()) return false;
    const auto end = std::min(total, begin + round);
    backend_.workers().for_each((end - begin + piece - 1) / piece, [&](std::size_t i) {
      count_piece(begin + i * piece, std::min(end, begin + (i + 1) * piece));
    });
  }
  return true;
}

void SampledEvaluation::count_piece(std::uint64_t begin, std::uint64_t end) {
  const auto& ensemble = backend_.ensemble();
  const SampledEvaluator evaluator(ensemble.topology, counter_);
  while (begin < end) {
    const auto m = static_cast<std::size_t>(begin / samples_);
    const auto sample = begin % samples_;
    const auto count = std::min(samples_ - sample, end - begin);
    begin += count;
    if (out_[begin_ + m].diverged) continue;
    Counts counts{.of_patterns = std::vector<std::uint64_t>(ensemble.world.size()),
                  .samples = count};
    evaluator.add(&parameters_[m * ensemble.topology.parameters()],
                  ensemble.machines[first_ + begin_ + m].seed, step_, sample, count,
                  counts.of_patterns);
    add(m, std::move(counts));
  }
}

void SampledEvaluation::add(std::size_t m, Counts&& counts) {
  if (counts.samples < samples_) {
    const std::scoped_lock lock(mutex_);
    auto& sum = unfinished_[m];
    sum.of_patterns.resize(counts.of_patterns.size());
    for (std::size_t k = 0; k < sum.of_patterns.size(); ++k) {
      sum.of_patterns[k] += counts.of_patterns[k];
    }
    sum.samples += counts.samples;
    if (sum.samples < samples_) return;
    counts = std::move(sum);
    unfinished_.erase(m);
  }
  const auto sampled =
      distribution_from_counts(backend_.ensemble().world, std::move(counts.of_patterns), samples_);
  out_[begin_ + m].kl_sampled = sampled.kl;
  out_[begin_ + m].unseen = sampled.unseen;
}

}  // namespace helmholtz
