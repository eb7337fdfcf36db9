#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <hwy/aligned_allocator.h>
#include <oneapi/tbb/cache_aligned_allocator.h>
#include <oneapi/tbb/enumerable_thread_specific.h>

#include "backends/backend.hpp"
#include "backends/cpu_fused/kernel.hpp"
#include "backends/registry.hpp"
#include "base/limits.hpp"
#include "base/workers.hpp"
#include "simd/target.hpp"
#include "step/factor_table.hpp"

namespace helmholtz::cpu_fused {

namespace {

constexpr std::size_t blocks_of(std::size_t machines) { return (machines + kBlock - 1) / kBlock; }

using Floats = hwy::AlignedFreeUniquePtr<float[]>;

Floats allocate(std::size_t count) {
  auto memory = hwy::AllocateAligned<float>(count);
  if (!memory) throw std::bad_alloc();
  return memory;
}

/// What does not change from step to step.
Task task_of(const Ensemble& ensemble) {
  return {.topology = &ensemble.topology,
          .world = &ensemble.world,
          .order = ensemble.order,
          .batch = static_cast<std::uint32_t>(ensemble.batch),
          .particles = ensemble.particles,
          .learns_awake = ensemble.recognition_learns_awake(),
          .nonnegative = ensemble.nonnegative};
}

/// Machines in SIMD lanes, blocks of machines over all threads.
class CpuFusedTrainer final : public Backend {
 public:
  CpuFusedTrainer(Ensemble ensemble, int threads)
      : Backend(std::move(ensemble), threads),
        stride_(this->ensemble().topology.parameters()),
        factors_(this->ensemble()),
        parameters_(allocate(blocks_of(this->ensemble().size()) * stride_ * kBlock)) {
    std::fill_n(block_parameters(blocks_of(this->ensemble().size()) - 1), stride_ * kBlock, 0.0F);
    initialise();
  }

  [[nodiscard]] std::string_view name() const noexcept override { return backend_entry.name; }

 private:
  void train(std::uint64_t first, std::uint64_t steps) override {
    auto task = task_of(ensemble());
    tbb::enumerable_thread_specific<std::vector<float, tbb::cache_aligned_allocator<float>>>
        scratch(ScratchSizes(task).floats());
    for (std::uint64_t done = 0; done < steps; done += kChunkSteps) {
      task.first_step = first + done;
      task.steps = std::min(kChunkSteps, steps - done);
      factors_.fill(task.first_step, task.steps);
      workers().for_each(blocks_of(ensemble().size()), [&](std::size_t b) {
        MachineBlock block;
        describe(b, block);
        block.scratch = scratch.local().data();
        train_block(task, block);
      });
    }
  }

  /// The machines of block b; the lanes behind the last machine repeat it.
  void describe(std::size_t b, MachineBlock& block) const {
    for (std::size_t i = 0; i < kBlock; ++i) {
      const auto m = std::min(b * kBlock + i, ensemble().size() - 1);
      const auto& machine = ensemble().machines[m];
      block.seed_low[i] = static_cast<std::uint32_t>(machine.seed);
      block.seed_high[i] = static_cast<std::uint32_t>(machine.seed >> 32U);
      std::size_t r = 0;
      const auto& rates = ensemble().hyperparameters(m).rates;
      for (const double rate : rates.generative) block.rates[r++][i] = static_cast<float>(rate);
      for (const auto* const some : {&rates.recognition, &rates.recognition_wake}) {
        for (const double rate : *some) block.rates[r++][i] = static_cast<float>(rate);
      }
      block.factors[i] = factors_.of_setting(machine.setting);
      block.uniform_schedule = block.uniform_schedule && block.factors[i] == block.factors[0];
    }
    block.parameters = block_parameters(b);
  }

  void read(std::size_t first, std::size_t count, std::span<float> out) const override {
    for (std::size_t i = 0; i < count; ++i) {
      const float* const in = lane(first + i);
      for (std::size_t k = 0; k < stride_; ++k) out[i * stride_ + k] = in[k * kBlock];
    }
  }

  void write(std::size_t first, std::size_t count, std::span<const float> in) override {
    for (std::size_t i = 0; i < count; ++i) {
      float* const out = lane(first + i);
      for (std::size_t k = 0; k < stride_; ++k) out[k * kBlock] = in[i * stride_ + k];
    }
  }

  [[nodiscard]] float* block_parameters(std::size_t b) const {
    return parameters_.get() + b * stride_ * kBlock;
  }
  /// Parameter 0 of machine m; the next ones are kBlock floats apart.
  [[nodiscard]] float* lane(std::size_t m) const {
    return block_parameters(m / kBlock) + m % kBlock;
  }

  std::size_t stride_;
  step::FactorTable factors_;
  Floats parameters_;  ///< [blocks][parameters()][kBlock]
};

std::unique_ptr<Backend> make(Ensemble ensemble, const TrainerOptions& options) {
  simd::apply_environment();
  return std::make_unique<CpuFusedTrainer>(std::move(ensemble), options.threads);
}

std::size_t bytes(const Ensemble& ensemble) {
  const auto blocks = blocks_of(ensemble.size());
  const auto threads = static_cast<std::size_t>(limits::default_threads().count);
  return blocks * kBlock * ensemble.topology.parameters() * sizeof(float) +
         ensemble.size() * sizeof(Machine) +
         std::min(blocks, threads) * sizeof(float) * ScratchSizes(task_of(ensemble)).floats();
}

std::string detail() {
  simd::apply_environment();
  return fmt::format("instruction set {}", simd::target_name());
}

}  // namespace

constinit const BackendEntry backend_entry{
    .name = "cpu-fused",
    .summary = "SIMD lane = machine, blocks of machines over all threads: sweeps",
    .strategy = Strategy::fused,
    .detail = detail,
    .bytes = bytes,
    .make = make,
    .features = {.particles = true, .epochs = true, .grey = true},
};

}  // namespace helmholtz::cpu_fused
