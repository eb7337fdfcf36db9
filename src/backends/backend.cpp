#include "backends/backend.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/quantile.hpp"
#include "evaluate/sampled.hpp"

namespace helmholtz {

namespace {

/// Those of machines from `first` on. @param out  [machines x parameters]
void initial_parameters_from(const Ensemble& ensemble, std::size_t first, std::span<float> out) {
  const auto each = ensemble.topology.parameters();
  for (std::size_t k = 0; k < out.size() / each; ++k) {
    initial_parameters(ensemble, first + k, out.subspan(k * each, each));
  }
}

/// Machines that are initialised, evaluated or copied together: some MiB of parameters at most.
std::size_t block_size(const Topology& topology) {
  constexpr std::size_t kMachines = 64;
  constexpr std::size_t kFloats = std::size_t{1} << 20;
  return std::clamp<std::size_t>(kFloats / topology.parameters(), 1, kMachines);
}

/// Machines per task, rounded up to a SIMD vector.
std::size_t machines_per_task(std::size_t machines, const Workers& workers) {
  constexpr std::size_t kVector = 8;
  const auto threads = static_cast<std::size_t>(workers.threads());
  const auto part = (machines + threads - 1) / threads;
  return std::max(kVector, (part + kVector - 1) / kVector * kVector);
}

/// The sampled evaluation of some machines on all threads, in pieces of the samples of one machine,
/// of a part of it or of several. Counts are integers: the pieces change nothing.
class SampledEvaluation {
 public:
  /// Keeps references to all.
  /// @param out  of machines [first, first + out.size()); diverged ones are passed over
  SampledEvaluation(const Backend& backend, std::uint64_t step, std::size_t first,
                    std::uint64_t samples, std::span<Evaluation> out)
      : backend_(backend),
        step_(step),
        first_(first),
        samples_(samples),
        out_(out),
        counter_(backend.ensemble().world) {}

  /// @param stop_requested  asked several times per second, on the calling thread; may be empty
  /// @return false after a stop request
  bool run(const std::function<bool()>& stop_requested) {
    constexpr std::size_t kFloats = std::size_t{1} << 16U;  // of a group's parameters, per thread
    if (out_.empty()) return true;
    const auto stride = backend_.ensemble().topology.parameters();
    const auto threads = static_cast<std::size_t>(backend_.workers().threads());
    const auto group = std::clamp<std::size_t>(threads * kFloats / stride, 1, out_.size());
    parameters_.resize(group * stride);
    for (begin_ = 0; begin_ < out_.size(); begin_ += group) {
      const auto count = std::min(group, out_.size() - begin_);
      backend_.read_parameters(first_ + begin_, count,
                               std::span(parameters_).first(count * stride));
      if (!run_group(count, stop_requested)) return false;
    }
    return true;
  }

 private:
  struct Counts {
    std::vector<std::uint64_t> of_patterns;
    std::uint64_t samples = 0;
  };

  /// Machines [begin_, begin_ + count) of out, whose parameters are there.
  bool run_group(std::size_t count, const std::function<bool()>& stop_requested) {
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

  /// Of the samples of the group's machines one after the other, those from `begin` to `end`.
  void count_piece(std::uint64_t begin, std::uint64_t end) {
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

  void add(std::size_t m, Counts&& counts) {
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
    const auto sampled = distribution_from_counts(backend_.ensemble().world,
                                                  std::move(counts.of_patterns), samples_);
    out_[begin_ + m].kl_sampled = sampled.kl;
    out_[begin_ + m].unseen = sampled.unseen;
  }

  const Backend& backend_;
  std::uint64_t step_;
  std::size_t first_;
  std::uint64_t samples_;
  std::span<Evaluation> out_;
  PatternCounter counter_;
  std::size_t begin_ = 0;                     // of the group
  std::vector<float> parameters_;             // [the group's machines x parameters]
  std::mutex mutex_;                          // of the next
  std::map<std::size_t, Counts> unfinished_;  // by position in the group
};

Ensemble validated(Ensemble ensemble) {
  ensemble.validate();
  return ensemble;
}

}  // namespace

Backend::Backend(Ensemble ensemble, int threads)
    : ensemble_(validated(std::move(ensemble))), workers_(threads) {}

bool Backend::evaluate(const EvaluationOptions& options, std::uint64_t step, std::size_t first,
                       std::span<Evaluation> out) {
  const auto parameters = ensemble_.topology.parameters();
  const auto block =
      std::min(block_size(ensemble_.topology), machines_per_task(out.size(), workers_));
  workers_.for_each((out.size() + block - 1) / block, [&](std::size_t b) {
    const auto begin = b * block;
    const auto count = std::min(block, out.size() - begin);
    std::vector<float> buffer(count * parameters);
    read_parameters(first + begin, count, buffer);
    evaluate_machines(ensemble_, first + begin, buffer, step, {.exact = options.exact},
                      out.subspan(begin, count));
  });
  return options.samples == 0 ||
         SampledEvaluation(*this, step, first, options.samples, out).run(options.stop_requested);
}

void Backend::kl_quantiles(std::span<const double> probabilities, std::span<double> out) {
  std::vector<Evaluation> evaluations(ensemble_.size());
  constexpr std::uint64_t kAnyStep = 0;  // addresses samples alone
  evaluate({.exact = true}, kAnyStep, 0, evaluations);
  std::vector<double> sorted;
  for (const auto& evaluation : evaluations) {
    if (!evaluation.diverged) sorted.push_back(evaluation.kl_exact);
  }
  std::sort(sorted.begin(), sorted.end());
  std::transform(probabilities.begin(), probabilities.end(), out.begin(), [&](double p) {
    return quantile(sorted.size(), p, [&](std::size_t i) { return sorted[i]; });
  });
}

void Backend::read_parameters(std::size_t first, std::size_t count, std::span<float> out) const {
  read(first, count, out);
  const auto parameters = ensemble_.topology.parameters();
  for (std::size_t m = 0; m < count; ++m) {
    const auto machine = out.subspan(m * parameters, parameters);
    const auto finite = [](float w) { return std::isfinite(w); };
    if (!std::all_of(machine.begin(), machine.end(), finite)) {
      std::fill(machine.begin(), machine.end(), std::numeric_limits<float>::quiet_NaN());
    }
  }
}

void Backend::initialise(std::size_t first, std::span<float> out) const {
  const auto parameters = ensemble_.topology.parameters();
  const auto block = block_size(ensemble_.topology);
  const auto count = out.size() / parameters;
  workers_.for_each((count + block - 1) / block, [&](std::size_t b) {
    const auto begin = b * block;
    const auto floats = std::min(block, count - begin) * parameters;
    initial_parameters_from(ensemble_, first + begin, out.subspan(begin * parameters, floats));
  });
}

void Backend::initialise() {
  const auto parameters = ensemble_.topology.parameters();
  const auto block = block_size(ensemble_.topology);
  workers_.for_each((ensemble_.size() + block - 1) / block, [&](std::size_t b) {
    const auto begin = b * block;
    const auto count = std::min(block, ensemble_.size() - begin);
    std::vector<float> buffer(count * parameters);
    initial_parameters_from(ensemble_, begin, buffer);
    write(begin, count, buffer);
  });
}

}  // namespace helmholtz
