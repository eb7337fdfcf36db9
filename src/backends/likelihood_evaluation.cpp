#include "backends/likelihood_evaluation.hpp"

#include <algorithm>
#include <vector>

#include "evaluate/importance.hpp"

namespace helmholtz {

namespace {

using importance::LikelihoodRows;
using importance::MachineView;
using importance::RowEstimator;

/// Machines in groups, whose parameters are read together. Values depend on no group.
class LikelihoodEvaluation {
 public:
  /// Keeps references to all.
  LikelihoodEvaluation(const Backend& backend, const EvaluationOptions& options, std::size_t first,
                       std::span<Evaluation> out)
      : backend_(backend),
        first_(first),
        out_(out),
        stop_(options.stop_requested),
        rows_(backend.ensemble().world, options),
        estimator_(backend.ensemble().topology, rows_.rows(), options.particles,
                   backend.workers()) {}

  bool run() {
    const auto group = machines_per_group();
    const auto stride = backend_.ensemble().topology.parameters();
    parameters_.resize(std::min(group, out_.size()) * stride);
    for (begin_ = 0; begin_ < out_.size(); begin_ += group) {
      const auto count = std::min(group, out_.size() - begin_);
      backend_.read_parameters(first_ + begin_, count,
                               std::span(parameters_).first(count * stride));
      group > 1 ? run_each(count) : run_one();
      if (stop_()) return false;
    }
    return true;
  }

 private:
  /// Several where there are enough to keep all threads busy for some tenths of a second.
  [[nodiscard]] std::size_t machines_per_group() const {
    const auto threads = static_cast<std::size_t>(backend_.workers().threads());
    if (out_.size() < threads || estimator_.work() > RowEstimator::kWork) return 1;
    return std::max(threads, static_cast<std::size_t>(RowEstimator::kWork / estimator_.work()));
  }

  void run_each(std::size_t count) {
    std::vector<std::size_t> machines;  // that have not diverged
    for (std::size_t m = 0; m < count; ++m) {
      if (!out_[begin_ + m].diverged) machines.push_back(m);
    }
    estimator_.run_each(
        machines.size(), [&](std::size_t i) { return view(machines[i]); }, stop_,
        [&](std::size_t i, std::span<const RowLikelihood> rows) {
          set_likelihood(rows_.mean(rows), out_[begin_ + machines[i]]);
        });
  }

  void run_one() {
    if (out_[begin_].diverged) return;
    std::vector<RowLikelihood> rows(rows_.rows().size());
    if (estimator_.run(view(0), stop_, {}, rows)) set_likelihood(rows_.mean(rows), out_[begin_]);
  }

  /// Machine m of the group.
  [[nodiscard]] MachineView view(std::size_t m) const {
    return {&parameters_[m * backend_.ensemble().topology.parameters()],
            backend_.ensemble().machines[first_ + begin_ + m].seed};
  }

  const Backend& backend_;
  std::size_t first_;
  std::span<Evaluation> out_;
  StopRequest stop_;
  LikelihoodRows rows_;
  RowEstimator estimator_;
  std::size_t begin_ = 0;          // of the group
  std::vector<float> parameters_;  // [the group's machines x parameters]
};

}  // namespace

bool evaluate_likelihoods(const Backend& backend, const EvaluationOptions& options,
                          std::size_t first, std::span<Evaluation> out) {
  return options.particles == 0 || out.empty() ||
         LikelihoodEvaluation(backend, options, first, out).run();
}

}  // namespace helmholtz
