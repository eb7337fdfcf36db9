#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "kernels/evaluate/evaluator.hpp"
#include "kernels/layered/layered_kernels.hpp"
#include "kernels/layered/layered_plan.hpp"
#include "kernels/layered/layered_step.hpp"
#include "kernels/runtime/chunked_memory.hpp"
#include "kernels/runtime/cublas.hpp"
#include "kernels/runtime/device.hpp"
#include "kernels/runtime/device_trainer.hpp"
#include "kernels/runtime/ensemble_tables.hpp"
#include "kernels/runtime/stream.hpp"
#include "kernels/runtime/view_tables.hpp"

namespace helmholtz::cuda {

namespace {

/// Puts the calls of a step into a stream.
class StreamQueue final : public LayeredQueue {
 public:
  StreamQueue(Cublas& blas, const Stream& stream, Branches& branches)
      : blas_(blas), stream_(stream), branches_(branches) {}

  void begin(const LayeredTask& task) override { task_ = task; }
  void draw_patterns() override { launch_draw_patterns(task_, stream_.get()); }
  void sample(const LayeredLayer& layer) override { launch_sample(task_, layer, stream_.get()); }
  void score(Network network) override { launch_score(task_, network, stream_.get()); }
  void weigh() override { launch_weigh(task_, stream_.get()); }
  void find_errors(Network network) override { launch_find_errors(task_, network, stream_.get()); }
  void multiply(std::span<const Product> products) override {
    branches_.side_by_side(stream_, products.size(), [&](std::size_t i, cudaStream_t stream) {
      blas_.multiply(products[i], stream);
    });
  }
  void follow(Network network) override { launch_follow(task_, network, stream_.get()); }
  void clamp() override { launch_clamp(task_, stream_.get()); }
  void split_weights(Network network) override {
    launch_split_weights(task_, network, stream_.get());
  }
  void advance() override { launch_advance(task_, stream_.get()); }

 private:
  LayeredTask task_;
  Cublas& blas_;
  const Stream& stream_;
  Branches& branches_;
};

/// A machine's parameters lie as LayeredShape says.
class LayeredTrainer final : public DeviceTrainer {
 public:
  LayeredTrainer(const helmholtz_ensemble& ensemble, const Share& share, Math math,
                 bool plain_launches)
      : device_(use(share.device)),
        plain_launches_(plain_launches),
        task_(layered_task_of(ensemble, math)),
        branches_(static_cast<std::size_t>(task_.shape.last())),
        blas_(device_, math),
        tables_(ensemble, share),
        clock_(1),
        evaluator_(with_enumerated_patterns(ensemble), shape_of(ensemble), limits_of(device_)),
        memory_(share, {.kept = layered_kept(task_), .scratch = layered_scratch(task_)}) {
    task_.clock = clock_.get();
  }

  ~LayeredTrainer() override { stream_.finish(); }

  void train(const helmholtz_steps& steps) override {
    use(device_);
    if (tables_.set_factors(steps)) graphs_.clear();  // they know where the factors were
    graphs_.resize(memory_.chunks());
    memory_.for_each_chunk([&](const ChunkedMemory::Chunk& chunk) {
      const StepClock clock{
          .first_block = steps.first * static_cast<std::uint64_t>(task_.shape.blocks_per_step()),
          .step = 0,
          .factor_stride = steps.count};
      clock_.copy_in(std::span(&clock, 1));
      train_chunk(task_for(chunk), steps.count, graphs_[chunk.number]);
      stream_.wait();
    });
  }

  void read(std::size_t first, std::size_t count, float* out) const override {
    const auto floats = task_.shape.floats();
    std::vector<float> rows;
    if (memory_.resident()) {
      use(device_);
      rows.resize(count * floats);
      HELMHOLTZ_CUDA_CHECK(cudaMemcpy(rows.data(), memory_.on_device() + first * floats,
                                      rows.size() * sizeof(float), cudaMemcpyDeviceToHost));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const float* const row =
          memory_.resident() ? rows.data() + i * floats : memory_.on_host(first + i, floats);
      unpack(task_.shape, row, out + i * task_.shape.parameters());
    }
  }

  void write(std::size_t first, std::size_t count, const float* in) override {
    const auto floats = task_.shape.floats();
    std::vector<float> rows(memory_.resident() ? count * floats : 0);
    for (std::size_t i = 0; i < count; ++i) {
      float* const row =
          memory_.resident() ? rows.data() + i * floats : memory_.on_host(first + i, floats);
      pack(task_.shape, in + i * task_.shape.parameters(), row);
    }
    if (!memory_.resident()) return;
    use(device_);
    HELMHOLTZ_CUDA_CHECK(cudaMemcpy(memory_.on_device() + first * floats, rows.data(),
                                    rows.size() * sizeof(float), cudaMemcpyHostToDevice));
    finish_copies();
  }

  void read_state(std::size_t m, float* out) const override {
    std::vector<float> state(task_.state_floats());
    if (memory_.resident()) {
      use(device_);
      HELMHOLTZ_CUDA_CHECK(cudaMemcpy(state.data(), state_of(m), state.size() * sizeof(float),
                                      cudaMemcpyDeviceToHost));
    }
    unpack_state(task_, memory_.resident() ? state.data() : state_of(m), out);
  }

  void write_state(std::size_t m, const float* in) override {
    std::vector<float> state(task_.state_floats());
    pack_state(task_, in, memory_.resident() ? state.data() : state_of(m));
    if (!memory_.resident()) return;
    use(device_);
    HELMHOLTZ_CUDA_CHECK(cudaMemcpy(state_of(m), state.data(), state.size() * sizeof(float),
                                    cudaMemcpyHostToDevice));
    finish_copies();
  }

  void evaluate(const helmholtz_evaluation& wanted) override {
    use(device_);
    memory_.read_chunks(wanted.first, wanted.count, [&](const ChunkedMemory::Chunk& chunk) {
      const auto part = part_of(chunk, wanted);
      const auto count = static_cast<std::uint32_t>(part.count);
      const auto most = gathered_machines(task_.shape, count);
      for (std::uint32_t done = 0; done < count; done += most) {
        evaluate_gathered(chunk, part.first + done, std::min(most, count - done),
                          shifted(part, done));
      }
    });
  }

  [[nodiscard]] std::size_t bytes() const override { return memory_.bytes(); }
  [[nodiscard]] std::string kernel() const override { return "products by cuBLAS"; }

 private:
  /// Machine m's means, behind the parameters of its chunk.
  [[nodiscard]] float* state_of(std::size_t m) const {
    const auto begin = memory_.capacity() * task_.shape.floats();
    const auto each = task_.state_floats();
    return memory_.resident() ? memory_.on_device() + begin + m * each
                              : memory_.on_host(m, each, begin);
  }

  /// Evaluates machines [first, first + count) of a chunk, their parameters without padding.
  void evaluate_gathered(const ChunkedMemory::Chunk& chunk, std::size_t first, std::uint32_t count,
                         const helmholtz_evaluation& wanted) {
    const std::size_t each = task_.shape.parameters();
    try {
      gathered_.reserve(count * each);
    } catch (const AllocationFailure&) {
      throw NotOnDevice();
    }
    launch_gather({.shape = task_.shape,
                   .parameters = chunk.data + first * task_.shape.floats(),
                   .out = gathered_.get(),
                   .machines = count},
                  stream_.get());
    evaluator_.evaluate({.data = gathered_.get(), .parameter_stride = 1, .machine_stride = each},
                        tables_.seeds(chunk.first + first), count, wanted, stream_.get());
  }

  [[nodiscard]] LayeredTask task_for(const ChunkedMemory::Chunk& chunk) const {
    auto task = task_;
    tables_.place(task, chunk.first);
    task.machines = static_cast<std::uint32_t>(chunk.count);
    task.capacity = static_cast<std::uint32_t>(chunk.capacity);
    task.optimizers = tables_.optimizers();
    task.corrections = tables_.corrections();
    task.wake_rates = tables_.wake_rates();
    place_kept(task, chunk.data);
    place_scratch(task, chunk.scratch);
    return task;
  }

  /// A graph launch a step, and nothing else on the host. The trainer's very first step is issued
  /// plainly: it loads every kernel and chooses cuBLAS's algorithms, which a capture must not do.
  void train_chunk(const LayeredTask& task, std::uint32_t steps, StepGraph& graph) {
    StreamQueue queue(blas_, stream_, branches_);
    issue_start(task, queue);
    std::uint32_t done = 0;
    if (!warm_ && steps > 0) {
      issue_step(task, queue);
      warm_ = true;
      done = 1;
    }
    if (plain_launches_) {
      for (; done < steps; ++done) issue_step(task, queue);
      return;
    }
    if (done < steps && !graph.is_captured()) {
      graph = StepGraph(stream_.get(), [&] { issue_step(task, queue); });
    }
    for (; done < steps; ++done) graph.launch(stream_.get());
  }

  int device_;
  bool plain_launches_;
  bool warm_ = false;
  LayeredTask task_;
  Stream stream_;
  Branches branches_;  ///< for the products of a network's fed layers
  Cublas blas_;
  EnsembleTables tables_;
  DeviceArray<StepClock> clock_;
  Evaluator evaluator_;
  DeviceArray<float> gathered_;  ///< [machines][shape.parameters()], to be evaluated
  ChunkedMemory memory_;
  std::vector<StepGraph> graphs_;  ///< of a step of each chunk
};

}  // namespace

std::unique_ptr<DeviceTrainer> make_layered_trainer(const helmholtz_ensemble& ensemble,
                                                    const Share& share,
                                                    const helmholtz_placement& placement) {
  return std::make_unique<LayeredTrainer>(ensemble, share, static_cast<Math>(placement.math),
                                          placement.plain_launches != 0);
}

}  // namespace helmholtz::cuda
