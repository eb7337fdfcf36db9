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
        layers_(products::layers_of(this->ensemble().topology.shape())),
        recognition_layers_(products::recognition_layers_of(this->ensemble().topology.shape())),
        parameters_per_machine_(this->ensemble().topology.parameters()),
        stride_(products::padded_parameters(parameters_per_machine_)),
        side_by_side_(this->ensemble().size() / threads * threads),
        parameters_(this->ensemble().size() * stride_) {
    for (std::size_t m = 0; m < this->ensemble().size(); ++m) {
      states_.emplace_back(optimizer_state_floats(this->ensemble(), m));
    }
    const auto one_thread = [](std::size_t count, const auto& body) {
      for (std::size_t i = 0; i < count; ++i) body(i);
    };
    const auto all_threads = [this](std::size_t count, const auto& body) {
      if (count == 1) return body(0);
      workers().for_each(count, body);
    };
    if (side_by_side_ > 0) {
      for (std::size_t i = 0; i < threads; ++i) own_.emplace_back(this->ensemble(), one_thread);
    }
    if (side_by_side_ < this->ensemble().size()) shared_.emplace(this->ensemble(), all_threads);
    initialise();
  }

  [[nodiscard]] std::string_view name() const noexcept override { return backend_entry.name; }

 private:
  void train(std::uint64_t first, std::uint64_t steps) override {
    std::atomic<std::size_t> next = 0;
    workers().for_each(own_.size(), [&](std::size_t i) {
      for (auto m = next++; m < side_by_side_; m = next++) train(own_[i], m, first, steps);
    });
    for (auto m = side_by_side_; m < ensemble().size(); ++m) train(*shared_, m, first, steps);
  }

  void train(Batch& batch, std::size_t m, std::uint64_t first, std::uint64_t steps) {
    float* const parameters = parameters_.data() + m * stride_;
    for (auto t = first; t < first + steps; ++t) {
      batch.train_step(m, parameters, states_[m].data(), t);
    }
  }

  void read(std::size_t first, std::size_t count, std::span<float> out) const override {
    for (std::size_t i = 0; i < count; ++i) {
      products::order_by_output(layers_, parameters_.data() + (first + i) * stride_,
                                out.data() + i * parameters_per_machine_);
    }
  }

  void write(std::size_t first, std::size_t count, std::span<const float> in) override {
    for (std::size_t i = 0; i < count; ++i) {
      products::order_by_input(layers_, in.data() + i * parameters_per_machine_,
                               parameters_.data() + (first + i) * stride_);
    }
  }

  void read_state(std::size_t m, std::span<float> out) const override {
    for_each_mean(m, [&](const auto& layers, std::size_t at) {
      products::order_by_output(layers, states_[m].data() + at, out.data() + at);
    });
  }

  void write_state(std::size_t m, std::span<const float> in) override {
    for_each_mean(m, [&](const auto& layers, std::size_t at) {
      products::order_by_input(layers, in.data() + at, states_[m].data() + at);
    });
  }

  /// body(layers, offset): the means of all parameters, then of those that learn awake too.
  template <class Body>
  void for_each_mean(std::size_t m, const Body& body) const {
    const auto means = static_cast<std::size_t>(ensemble().hyperparameters(m).optimizer.means());
    const auto all = parameters_per_machine_;
    for (std::size_t i = 0; i < means; ++i) body(layers_, i * all);
    const auto recognition = all - ensemble().topology.generative_parameters();
    for (auto at = means * all; at < states_[m].size(); at += recognition) {
      body(recognition_layers_, at);
    }
  }

  std::vector<LayerView> layers_;
  std::vector<LayerView> recognition_layers_;
  std::size_t parameters_per_machine_;
  std::size_t stride_;                      ///< padded_parameters: every machine is aligned alike
  std::size_t side_by_side_;                ///< machines that have a thread of their own
  AlignedFloats parameters_;                ///< [machines x stride], by input
  std::vector<std::vector<float>> states_;  ///< of the optimiser, each machine's
  std::vector<Batch> own_;                  ///< [threads]
  std::optional<Batch> shared_;
};

std::unique_ptr<Backend> make(Ensemble ensemble, const TrainerOptions& options) {
  simd::apply_environment();
  return std::make_unique<CpuLayeredTrainer>(std::move(ensemble), usable_threads(options.threads));
}

/// Parameters, optimiser states, and what a batch takes for every thread.
std::size_t bytes(const Ensemble& ensemble) {
  const auto batches = std::min(ensemble.size(), usable_threads(0));
  return ensemble.size() *
             (products::padded_parameters(ensemble.topology.parameters()) * sizeof(float) +
              sizeof(Machine) + sizeof(std::vector<float>)) +
         optimizer_state_bytes(ensemble) + batches * Batch::bytes(ensemble);
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
