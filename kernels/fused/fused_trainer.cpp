#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/evaluate/evaluator.hpp"
#include "kernels/fused/fused_kernels.hpp"
#include "kernels/fused/launch_plan.hpp"
#include "kernels/fused/specialised_kernel.hpp"
#include "kernels/runtime/chunked_memory.hpp"
#include "kernels/runtime/device.hpp"
#include "kernels/runtime/device_trainer.hpp"
#include "kernels/runtime/ensemble_tables.hpp"
#include "kernels/runtime/nvrtc.hpp"
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

/// A matrix in rows of floats, `stride` from one to the next.
template <class T>
struct PitchedRows {
  T* first;
  std::size_t stride;
};

/// Copies `count` floats of each of some rows. Rows that are further apart than cudaMemcpy2D allows
/// are copied one by one.
void copy_rows(int device, const PitchedRows<float>& to, const PitchedRows<const float>& from,
               std::size_t rows, std::size_t count, cudaMemcpyKind kind) {
  int most = 0;
  HELMHOLTZ_CUDA_CHECK(cudaDeviceGetAttribute(&most, cudaDevAttrMaxPitch, device));
  const auto bytes = count * sizeof(float);
  if (std::max(to.stride, from.stride) * sizeof(float) <= static_cast<std::size_t>(most)) {
    HELMHOLTZ_CUDA_CHECK(cudaMemcpy2D(to.first, to.stride * sizeof(float), from.first,
                                      from.stride * sizeof(float), bytes, rows, kind));
    return;
  }
  for (std::size_t r = 0; r < rows; ++r) {
    HELMHOLTZ_CUDA_CHECK(
        cudaMemcpy(to.first + r * to.stride, from.first + r * from.stride, bytes, kind));
  }
}

/// The parameters of a chunk lie [parameter][machine], as its scratch does.
class FusedTrainer final : public DeviceTrainer {
 public:
  FusedTrainer(const helmholtz_ensemble& ensemble, const Share& share)
      : device_(use(share.device)),
        limits_(limits_of(device_)),
        task_(task_of(ensemble)),
        tables_(ensemble, share),
        evaluator_(with_enumerated_patterns(ensemble), task_.shape, limits_),
        memory_(share,
                {task_.shape.parameters(), visit_words(task_) + scratch_needed(share.count)}) {
    task_.machines = static_cast<std::uint32_t>(share.count);
    if (!forced_ || compiles_forced()) {
      special_ = SpecialisedKernel::make(task_, limits_, device_, forced_);
    }
    if (compiles_forced() && !special_) {
      throw CudaError(HELMHOLTZ_FAILED, std::string(kForcing) + "=" + std::getenv(kForcing) +
                                            ": needs NVRTC (libnvrtc.so.12 or .13), a batch of 1 "
                                            "and weights that fit into registers");
    }
  }

  ~FusedTrainer() override { stream_.finish(); }

  void train(const helmholtz_steps& steps) override {
    use(device_);
    tables_.set_factors(steps);
    memory_.for_each_chunk([&](const ChunkedMemory::Chunk& chunk) {
      launch_steps(task_for(chunk), steps);
      stream_.wait();
    });
  }

  void read(std::size_t first, std::size_t count, float* out) const override {
    const auto parameters = task_.shape.parameters();
    std::vector<float> columns;
    if (memory_.resident()) {
      use(device_);
      columns.resize(parameters * count);
      copy_rows(device_, {columns.data(), count}, {memory_.on_device() + first, memory_.capacity()},
                parameters, count, cudaMemcpyDeviceToHost);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const float* const machine =
          memory_.resident() ? columns.data() + i : memory_.on_host(first + i, 1);
      const auto stride = memory_.resident() ? count : memory_.capacity();
      for (std::size_t k = 0; k < parameters; ++k) out[i * parameters + k] = machine[k * stride];
    }
  }

  void write(std::size_t first, std::size_t count, const float* in) override {
    const auto parameters = task_.shape.parameters();
    std::vector<float> columns(memory_.resident() ? parameters * count : 0);
    for (std::size_t i = 0; i < count; ++i) {
      float* const machine =
          memory_.resident() ? columns.data() + i : memory_.on_host(first + i, 1);
      const auto stride = memory_.resident() ? count : memory_.capacity();
      for (std::size_t k = 0; k < parameters; ++k) machine[k * stride] = in[i * parameters + k];
    }
    if (!memory_.resident()) return;
    use(device_);
    copy_rows(device_, {memory_.on_device() + first, memory_.capacity()}, {columns.data(), count},
              parameters, count, cudaMemcpyHostToDevice);
    finish_copies();
  }

  void evaluate(const helmholtz_evaluation& wanted) override {
    use(device_);
    memory_.read_chunks(wanted.first, wanted.count, [&](const ChunkedMemory::Chunk& chunk) {
      const auto part = part_of(chunk, wanted);
      evaluator_.evaluate(view_of(chunk, part.first), tables_.seeds(chunk.first + part.first),
                          static_cast<std::uint32_t>(part.count), part, stream_.get());
    });
  }

  void kl_quantiles(std::span<const double> probabilities, double* out) override {
    if (!memory_.resident()) throw NotOnDevice();
    use(device_);
    memory_.read_chunks(0, task_.machines, [&](const ChunkedMemory::Chunk& all) {
      evaluator_.kl_quantiles(view_of(all, 0), task_.machines, probabilities, out, stream_.get());
    });
  }

  [[nodiscard]] std::size_t bytes() const override { return memory_.bytes(); }

  [[nodiscard]] std::string kernel() const override {
    if (!special_) return std::string(name_of(plan(task_).variant));
    return std::string(name_of(special_->variant())) + ", compiled by NVRTC " +
           Nvrtc::shared()->version();
  }

 private:
  [[nodiscard]] std::size_t scratch_needed(std::size_t machines) const {
    auto task = task_;
    task.machines = static_cast<std::uint32_t>(machines);
    return std::max(plan(task).scratch, plan_launch_with_carry(task, limits_).scratch);
  }

  static ParameterView view_of(const ChunkedMemory::Chunk& chunk, std::size_t first) {
    return {.data = chunk.data + first, .parameter_stride = chunk.capacity, .machine_stride = 1};
  }

  [[nodiscard]] FusedTask task_for(const ChunkedMemory::Chunk& chunk) const {
    auto task = task_;
    tables_.place(task, chunk.first);
    task.wake_rates = tables_.wake_rates();
    task.parameters = chunk.data;
    task.scratch = chunk.scratch + visit_words(task) * chunk.capacity;
    if (task.found_ahead()) task.visits = reinterpret_cast<std::uint32_t*>(chunk.scratch);
    task.stride = chunk.capacity;
    task.machines = static_cast<std::uint32_t>(chunk.count);
    return task;
  }

  /// Whether a variant is forced that only the compiler at run time makes.
  [[nodiscard]] bool compiles_forced() const {
    return forced_ == Variant::WarpRegisters ||
           (forced_ == Variant::ThreadRegisters && !fits_register_kernel(task_));
  }

  /// Among the kernels compiled ahead of time.
  /// @throws CudaError if HELMHOLTZ_CUDA_KERNEL forces a variant that cannot train the task
  [[nodiscard]] LaunchPlan plan(const FusedTask& task) const {
    if (!forced_ || compiles_forced()) return plan_launch(task, limits_);
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
      const auto most = std::min(steps.count - done, steps_at_once(task));
      const auto range = next_steps(task.first_step, most,
                                    static_cast<std::uint32_t>(draws::blocks_per_step(task.shape)));
      task.steps = range.steps;
      task.factors = factors + done;
      if (task.found_ahead()) launch_find_visits(task, stream_.get());
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
  ChunkedMemory memory_;
  std::unique_ptr<SpecialisedKernel> special_;  ///< null: the generic kernels
};

}  // namespace

std::unique_ptr<DeviceTrainer> make_fused_trainer(const helmholtz_ensemble& ensemble,
                                                  const Share& share) {
  return std::make_unique<FusedTrainer>(ensemble, share);
}

}  // namespace helmholtz::cuda
