#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "kernels/evaluate/evaluator.hpp"
#include "kernels/fused/fused_kernels.hpp"
#include "kernels/fused/launch_plan.hpp"
#include "kernels/fused/specialised_kernel.hpp"
#include "kernels/fused/task_view.hpp"
#include "kernels/runtime/device_limits.hpp"
#include "kernels/runtime/ensemble_tables.hpp"
#include "kernels/runtime/machine_store.hpp"
#include "kernels/runtime/split_trainer.hpp"
#include "kernels/runtime/stream.hpp"

namespace helmholtz::cuda {

namespace {

/// Names the variant that every launch has to use: for checks, which want them all.
constexpr const char* kForcing = "HELMHOLTZ_CUDA_KERNEL";

std::optional<Variant> forced_variant() {
  const char* const name = std::getenv(kForcing);
  if (name == nullptr || *name == '\0') return std::nullopt;
  const auto variant = parse_variant(name);
  if (variant) return variant;
  throw CudaError(HELMHOLTZ_FAILED, std::string(kForcing) + ": got \"" + name +
                                        "\"; allowed: ThreadRegisters, ThreadShared, "
                                        "ThreadGlobal, WarpShared, WarpRegisters");
}

/// Machines [first, first + count) of an ensemble, on one device.
class FusedShare {
 public:
  FusedShare(const helmholtz_ensemble& ensemble, int device, std::size_t first, std::size_t count)
      : device_(use(device)),
        limits_(limits_of(device)),
        task_(task_of(ensemble)),
        tables_(ensemble, first, count),
        evaluator_(ensemble, task_.shape, limits_),
        store_(device, count, {task_.shape.parameters(), scratch_needed(count)}) {
    task_.machines = static_cast<std::uint32_t>(count);
    if (!forced_ || *forced_ == Variant::WarpRegisters) {
      special_ = SpecialisedKernel::make(task_, limits_, device);
    }
  }

  [[nodiscard]] std::size_t machines() const noexcept { return store_.machines(); }
  [[nodiscard]] std::size_t parameters() const { return task_.shape.parameters(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return store_.bytes(); }
  void read(std::size_t first, std::size_t count, float* out) const {
    store_.read(first, count, out);
  }
  void write(std::size_t first, std::size_t count, const float* in) {
    store_.write(first, count, in);
  }

  /// Machines [first, first + wanted.count) of this share.
  void evaluate(const helmholtz_evaluation& wanted, std::size_t first) {
    use(device_);
    store_.read_chunks(first, wanted.count, [&](const MachineStore::Chunk& chunk) {
      const auto part = part_of(chunk, wanted, first);
      if (part.count == 0) return;
      const ParameterView parameters{
          .data = chunk.data + part.first, .parameter_stride = chunk.capacity, .machine_stride = 1};
      evaluator_.evaluate(parameters, tables_.seeds(chunk.first + part.first),
                          static_cast<std::uint32_t>(part.count), part, stream_.get());
    });
  }

  /// @throws NotOnDevice unless all machines are on the device
  void kl_quantiles(std::span<const double> probabilities, double* out) {
    if (!store_.resident()) throw NotOnDevice();
    use(device_);
    store_.read_chunks(0, machines(), [&](const MachineStore::Chunk& chunk) {
      const ParameterView parameters{
          .data = chunk.data, .parameter_stride = chunk.capacity, .machine_stride = 1};
      evaluator_.kl_quantiles(parameters, static_cast<std::uint32_t>(chunk.count), probabilities,
                              out, stream_.get());
    });
  }

  void train(const helmholtz_steps& steps) {
    use(device_);
    tables_.set_factors(steps);
    store_.for_each_chunk([&](const MachineStore::Chunk& chunk) {
      launch_steps(task_for(chunk), steps);
      stream_.wait();
    });
  }

 private:
  [[nodiscard]] std::size_t scratch_needed(std::size_t machines) const {
    auto task = task_;
    task.machines = static_cast<std::uint32_t>(machines);
    return std::max(plan(task).scratch, plan_launch_with_carry(task, limits_).scratch);
  }

  [[nodiscard]] FusedTask task_for(const MachineStore::Chunk& chunk) const {
    auto task = task_;
    tables_.place(task, chunk.first);
    task.parameters = chunk.data;
    task.scratch = chunk.scratch;
    task.stride = chunk.capacity;
    task.machines = static_cast<std::uint32_t>(chunk.count);
    return task;
  }

  /// @throws CudaError if HELMHOLTZ_CUDA_KERNEL forces a variant that cannot train the task
  [[nodiscard]] LaunchPlan plan(const FusedTask& task) const {
    if (!forced_) return plan_launch(task, limits_);
    const auto plan = plan_variant(task, limits_, *forced_);
    if (!plan) throw CudaError(HELMHOLTZ_FAILED, kForcing + std::string(": cannot train this"));
    return *plan;
  }

  void launch_steps(FusedTask task, const helmholtz_steps& steps) {
    const auto usual = plan(task);
    const auto careful = plan_launch_with_carry(task, limits_);
    const float* const factors = task.factors;
    task.factor_stride = steps.count;
    std::uint32_t done = 0;
    while (done < steps.count) {
      task.first_step = steps.first + done;
      const auto range = next_steps(task.first_step, steps.count - done,
                                    static_cast<std::uint32_t>(draws::blocks_per_step(task.shape)));
      task.steps = range.steps;
      task.factors = factors + done;
      if (special_ && !range.carries) {
        special_->launch(task, limits_, stream_.get());
      } else {
        launch_fused(task, range.carries ? careful : usual, stream_.get());
      }
      done += range.steps;
    }
  }

  int device_;
  DeviceLimits limits_;
  std::optional<Variant> forced_ = forced_variant();
  FusedTask task_;
  Stream stream_;
  EnsembleTables tables_;
  Evaluator evaluator_;
  MachineStore store_;
  std::unique_ptr<SpecialisedKernel> special_;  ///< null: the generic kernels
};

}  // namespace

std::unique_ptr<DeviceTrainer> make_fused_trainer(const helmholtz_ensemble& ensemble,
                                                  std::span<const std::int32_t> devices) {
  return std::make_unique<SplitTrainer<FusedShare>>(
      ensemble.machines, devices, [&](int device, auto first, auto count) {
        return std::make_unique<FusedShare>(ensemble, device, first, count);
      });
}

}  // namespace helmholtz::cuda
