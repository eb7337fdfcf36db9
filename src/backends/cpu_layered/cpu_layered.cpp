#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "backends/backend.hpp"
#include "backends/cpu_layered/batch.hpp"
#include "backends/registry.hpp"
#include "base/limits.hpp"
#include "base/workers.hpp"
#include "products/weight_order.hpp"
#include "simd/target.hpp"

namespace helmholtz::cpu_layered {

namespace {

std::size_t usable_threads(int threads) {
  const auto wanted = threads > 0 ? threads : limits::default_threads().count;
  return static_cast<std::size_t>(wanted);
}

/// A layer of the whole batch at a time. Of the tolerant class: the draws of the exact class, but
/// activities and deltas that are added up in another order (products/bit_products.hpp). The same
/// bits for any number of threads and of neighbouring machines, on every instruction set.
///
/// As many machines as the threads divide train side by side, a thread each; the rest one after the
/// other, with all threads on each. Both ways work on the same tiles, so the bits are the same.
class CpuLayeredTrainer final : public Backend {
 public:
  CpuLayeredTrainer(Ensemble ensemble, std::size_t threads)
      : Backend(std::move(ensemble), static_cast<int>(threads)),
        order_(this->ensemble().topology.shape()),
        side_by_side_(this->ensemble().size() / threads * threads),
        parameters_(this->ensemble().size() * order_.floats()) {
    for (std::size_t m = 0; m < this->ensemble().size(); ++m) {
      states_.emplace_back(state_floats(this->ensemble(), order_, m));
    }
    const auto one_thread = [](std::size_t count, const auto& body) {
      for (std::size_t i = 0; i < count; ++i) body(i);
    };
    const auto all_threads = [this](std::size_t count, const auto& body) {
      if (count == 1) return body(0);
      workers().for_each(count, body);
    };
    if (side_by_side_ > 0) {
      for (std::size_t i = 0; i < threads; ++i)
        own_.emplace_back(this->ensemble(), order_, one_thread);
    }
    if (side_by_side_ < this->ensemble().size())
      shared_.emplace(this->ensemble(), order_, all_threads);
    initialise();
  }

  [[nodiscard]] std::string_view name() const noexcept override { return backend_entry.name; }

 private:
  using Part = products::WeightOrder::Part;

  void train(std::uint64_t first, std::uint64_t steps) override {
    std::atomic<std::size_t> next = 0;
    workers().for_each(own_.size(), [&](std::size_t i) {
      for (auto m = next++; m < side_by_side_; m = next++) train(own_[i], m, first, steps);
    });
    for (auto m = side_by_side_; m < ensemble().size(); ++m) train(*shared_, m, first, steps);
  }

  void train(Batch& batch, std::size_t m, std::uint64_t first, std::uint64_t steps) {
    float* const parameters = parameters_.data() + m * order_.floats();
    for (auto t = first; t < first + steps; ++t) {
      batch.train_step(m, parameters, states_[m].data(), t);
    }
  }

  void read(std::size_t first, std::size_t count, std::span<float> out) const override {
    const auto each = ensemble().topology.parameters();
    for (std::size_t i = 0; i < count; ++i) {
      order_.to_output(Part::machine, &parameters_[(first + i) * order_.floats()],
                       out.data() + i * each);
    }
  }

  void write(std::size_t first, std::size_t count, std::span<const float> in) override {
    const auto each = ensemble().topology.parameters();
    for (std::size_t i = 0; i < count; ++i) {
      order_.to_input(Part::machine, in.data() + i * each,
                      &parameters_[(first + i) * order_.floats()]);
    }
  }

  void read_state(std::size_t m, std::span<float> out) const override {
    for_each_mean(m, [&](Part part, std::size_t by_input, std::size_t by_output) {
      order_.to_output(part, &states_[m][by_input], &out[by_output]);
    });
  }

  void write_state(std::size_t m, std::span<const float> in) override {
    for_each_mean(m, [&](Part part, std::size_t by_input, std::size_t by_output) {
      order_.to_input(part, &in[by_output], &states_[m][by_input]);
    });
  }

  /// body(part, by_input, by_output): where the means of all parameters are in either order, then
  /// the third means, of those that learn awake too.
  template <class Body>
  void for_each_mean(std::size_t m, const Body& body) const {
    const auto means = static_cast<std::size_t>(ensemble().hyperparameters(m).optimizer.means());
    const auto all = ensemble().topology.parameters();
    for (std::size_t i = 0; i < means; ++i) body(Part::machine, i * order_.floats(), i * all);
    const auto recognition = all - ensemble().topology.generative_parameters();
    auto by_output = means * all;
    for (auto at = means * order_.floats(); at < states_[m].size();
         at += order_.recognition_floats()) {
      body(Part::recognition, at, by_output);
      by_output += recognition;
    }
  }

  products::WeightOrder order_;
  std::size_t side_by_side_;            ///< machines that have a thread of their own
  Aligned<float> parameters_;           ///< [machines x order_.floats()]
  std::vector<Aligned<float>> states_;  ///< of the optimiser, each machine's
  std::vector<Batch> own_;              ///< [threads]
  std::optional<Batch> shared_;
};

std::unique_ptr<Backend> make(Ensemble ensemble, const TrainerOptions& options) {
  simd::apply_environment();
  return std::make_unique<CpuLayeredTrainer>(std::move(ensemble), usable_threads(options.threads));
}

/// Parameters, optimiser states, and what a batch takes for every thread.
std::size_t bytes(const Ensemble& ensemble) {
  const products::WeightOrder order(ensemble.topology.shape());
  std::size_t floats = ensemble.size() * order.floats();
  for (std::size_t m = 0; m < ensemble.size(); ++m) floats += state_floats(ensemble, order, m);
  const auto batches = std::min(ensemble.size(), usable_threads(0));
  return floats * sizeof(float) + ensemble.size() * (sizeof(Machine) + sizeof(Aligned<float>)) +
         batches * Batch::bytes(ensemble, order);
}

std::string detail() { return simd::target_name(); }

}  // namespace

constinit const BackendEntry backend_entry{
    .name = "cpu-layered",
    .summary = "a layer of the whole batch at a time: large layers and batches",
    .strategy = Strategy::layered,
    .detail = detail,
    .bytes = bytes,
    .make = make,
    .features = {.particles = true, .optimizers = true, .epochs = true, .grey = true},
};

}  // namespace helmholtz::cpu_layered
