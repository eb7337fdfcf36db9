#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "backends/backend.hpp"
#include "backends/reference/machine.hpp"
#include "backends/registry.hpp"
#include "base/limits.hpp"
#include "base/workers.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::reference {

namespace {

/// One machine after the other, one unit at a time: the oracle of every other backend.
class ReferenceTrainer final : public Backend {
 public:
  ReferenceTrainer(Ensemble ensemble, int threads)
      : Backend(std::move(ensemble), threads),
        stride_(this->ensemble().topology.parameters()),
        parameters_(this->ensemble().size() * stride_) {
    for (std::size_t m = 0; m < this->ensemble().size(); ++m) {
      states_.emplace_back(optimizer_state_floats(this->ensemble(), m));
    }
    initialise();
  }

  [[nodiscard]] std::string_view name() const noexcept override { return backend_entry.name; }

 private:
  void train(std::uint64_t first, std::uint64_t steps) override {
    workers().for_each(ensemble().size(), [&](std::size_t m) {
      PhiloxDraws draws(ensemble().machines[m].seed, ensemble().topology);
      ScalarMachine machine(ensemble(), m, draws,
                            std::span(parameters_).subspan(m * stride_, stride_), states_[m]);
      for (auto t = first; t < first + steps; ++t) machine.train_step(t);
    });
  }

  void read(std::size_t first, std::size_t count, std::span<float> out) const override {
    std::copy_n(parameters_.begin() + static_cast<std::ptrdiff_t>(first * stride_), count * stride_,
                out.begin());
  }

  void write(std::size_t first, std::size_t count, std::span<const float> in) override {
    std::copy_n(in.begin(), count * stride_,
                parameters_.begin() + static_cast<std::ptrdiff_t>(first * stride_));
  }

  void read_state(std::size_t m, std::span<float> out) const override {
    std::ranges::copy(states_[m], out.begin());
  }

  void write_state(std::size_t m, std::span<const float> in) override {
    std::ranges::copy(in, states_[m].begin());
  }

  std::size_t stride_;
  std::vector<float> parameters_;
  std::vector<std::vector<float>> states_;  ///< of the optimiser, each machine's
};

/// The notebook's program: one machine, NumPy's stream, double throughout. Its evaluations draw
/// from the same stream as its training, layer by layer over the samples.
class NumpyTrainer final : public Backend {
 public:
  explicit NumpyTrainer(Ensemble ensemble)
      : Backend(std::move(ensemble), 1),
        draws_(this->ensemble().machines[0].seed, this->ensemble().topology),
        parameters_(this->ensemble().topology.parameters()),
        machine_(this->ensemble(), 0, draws_, parameters_) {
    initialise();
  }

  [[nodiscard]] std::string_view name() const noexcept override { return backend_entry.name; }

  [[nodiscard]] std::optional<NumpyState> numpy_state() const override {
    return NumpyState{parameters_, draws_.engine()};
  }

  void write_numpy_state(const NumpyState& state) override {
    draws_.set_engine(state.engine);
    std::ranges::copy(state.parameters, parameters_.begin());  // the machine has a view of them
  }

  bool evaluate(const EvaluationOptions& options, std::uint64_t, std::size_t,
                std::span<Evaluation> out) override {
    auto& evaluation = out[0];
    evaluation = {.diverged = has_diverged(rounded())};
    if (evaluation.diverged) return true;
    if (options.samples > 0) {
      const auto counts = count_samples(options);
      if (!counts) return false;
      const auto sampled = distribution_from_counts(ensemble().world, *counts, options.samples);
      evaluation.kl_sampled = sampled.kl;
      evaluation.unseen = sampled.unseen;
    }
    if (options.exact && exact_is_feasible(ensemble().topology)) {
      evaluation.kl_exact = exact_distribution(ensemble().topology, ensemble().world,
                                               std::span<const double>(parameters_))
                                .kl;
    }
    return true;
  }

 private:
  [[nodiscard]] std::vector<float> rounded() const {
    std::vector<float> parameters(parameters_.size());
    read(0, 1, parameters);
    return parameters;
  }

  /// Calls work(count) for blocks of the samples. @return false after a stop request
  template <class Work>
  [[nodiscard]] bool in_blocks(const EvaluationOptions& options, const Work& work) const {
    for (std::uint64_t done = 0; done < options.samples; done += kBlock) {
      if (options.stop_requested && options.stop_requested()) return false;
      work(static_cast<std::size_t>(std::min(kBlock, options.samples - done)));
    }
    return true;
  }

  /// How many samples equal each pattern; nothing after a stop request.
  ///
  /// The notebook draws a layer of all samples before it draws the next layer. Here each layer has
  /// a place in the stream of its own, so that a block of samples is kept at a time.
  std::optional<std::vector<std::uint64_t>> count_samples(const EvaluationOptions& options) {
    std::vector<NumpyDraws> places = {draws_};
    States states;
    for (const int size : ensemble().topology.layer_sizes()) {
      const auto units = static_cast<std::size_t>(size);
      auto next = places.back();
      if (!in_blocks(options, [&](std::size_t count) { next.skip(count * units); })) return {};
      places.push_back(next);
      states.emplace_back(units);
    }
    std::vector<States> block(kBlock, states);
    std::vector<std::uint64_t> counts(ensemble().world.size());
    const bool all = in_blocks(options, [&](std::size_t count) {
      const std::span samples(block.data(), count);
      for (int l = 0; l <= ensemble().topology.last(); ++l) {
        std::swap(draws_, places[static_cast<std::size_t>(l)]);
        for (auto& one : samples) machine_.sample_generative(l, one);
        std::swap(draws_, places[static_cast<std::size_t>(l)]);
      }
      for (const auto& one : samples) {
        for (std::size_t k = 0; k < counts.size(); ++k) counts[k] += equals(k, one.back()) ? 1 : 0;
      }
    });
    if (!all) return {};
    draws_ = places.back();
    return counts;
  }

  [[nodiscard]] bool equals(std::size_t k, const std::vector<std::uint8_t>& visible) const {
    for (std::size_t i = 0; i < visible.size(); ++i) {
      if (ensemble().world.bit(k, static_cast<int>(i)) != (visible[i] != 0)) return false;
    }
    return true;
  }

  void train(std::uint64_t first, std::uint64_t steps) override {
    for (auto t = first; t < first + steps; ++t) machine_.train_step(t);
  }

  void read(std::size_t, std::size_t, std::span<float> out) const override {
    std::transform(parameters_.begin(), parameters_.end(), out.begin(),
                   [](double w) { return static_cast<float>(w); });
  }

  void write(std::size_t, std::size_t, std::span<const float> in) override {
    std::copy(in.begin(), in.end(), parameters_.begin());
  }

  static constexpr std::uint64_t kBlock = 256;  // samples

  NumpyDraws draws_;
  std::vector<double> parameters_;
  ScalarMachine<NumpyDraws> machine_;
};

void require_numpy_replayable(const Ensemble& ensemble) {
  constexpr std::uint64_t kLargestSeed = std::numeric_limits<std::uint32_t>::max();
  if (ensemble.size() != 1) {
    throw InvalidArgument("rng", "numpy", "philox for more than one machine");
  }
  if (ensemble.world.is_data()) throw InvalidArgument("rng", "numpy", "philox for a data set");
  if (ensemble.batch != 1) {
    throw InvalidArgument("batch", std::to_string(ensemble.batch), "1 with rng numpy");
  }
  if (ensemble.particles != 1) {
    throw InvalidArgument("particles", std::to_string(ensemble.particles), "1 with rng numpy");
  }
  if (const auto& rates = ensemble.hyperparameters(0).rates; rates.learn_awake()) {
    throw InvalidArgument("lr-recognition-wake",
                          fmt::format("{}", fmt::join(rates.recognition_wake, ",")),
                          "0 with rng numpy");
  }
  const auto& optimizer = ensemble.hyperparameters(0).optimizer;
  if (optimizer.means() > 0) {
    throw InvalidArgument("optimizer", optimizer.to_string(), "sgd with rng numpy");
  }
  if (ensemble.machines[0].seed > kLargestSeed) {
    throw InvalidArgument("seed", std::to_string(ensemble.machines[0].seed),
                          "0 to 4294967295 with rng numpy");
  }
}

std::unique_ptr<Backend> make(Ensemble ensemble, const TrainerOptions& options) {
  if (options.random == RandomScheme::numpy) {
    require_numpy_replayable(ensemble);
    return std::make_unique<NumpyTrainer>(std::move(ensemble));
  }
  return std::make_unique<ReferenceTrainer>(std::move(ensemble), options.threads);
}

std::size_t bytes(const Ensemble& ensemble) {
  // A thread's machine adds up its batch's deltas, and keeps the states of its particles; the
  // doubles of RandomScheme::numpy fit in too.
  const auto threads = static_cast<std::size_t>(limits::default_threads().count);
  const auto machines = std::max<std::size_t>(3, std::min(ensemble.size(), threads));
  const auto states = static_cast<std::size_t>(ensemble.particles) *
                      static_cast<std::size_t>(ensemble.topology.units());
  return ensemble.size() * (sizeof(helmholtz::Machine) + sizeof(std::vector<float>)) +
         optimizer_state_bytes(ensemble) +
         (ensemble.size() + machines) * ensemble.topology.parameters() * sizeof(float) +
         machines * states;
}

}  // namespace

constinit const BackendEntry backend_entry{
    .name = "reference",
    .summary = "one machine at a time, scalar: the oracle in tests",
    .strategy = Strategy::scalar,
    .detail = [] { return std::string("any CPU"); },
    .bytes = bytes,
    .make = make,
    .features = {.particles = true, .optimizers = true, .epochs = true, .grey = true},
};

}  // namespace helmholtz::reference
