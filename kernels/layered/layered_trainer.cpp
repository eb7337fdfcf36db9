#include <vector>

#include "kernels/layered/layered_evaluator.hpp"
#include "kernels/layered/layered_kernels.hpp"
#include "kernels/layered/layered_plan.hpp"
#include "kernels/layered/layered_step.hpp"
#include "kernels/runtime/chunked_memory.hpp"
#include "kernels/runtime/cublas.hpp"
#include "kernels/runtime/device_limits.hpp"
#include "kernels/runtime/ensemble_tables.hpp"
#include "kernels/runtime/split_trainer.hpp"
#include "kernels/runtime/step_graph.hpp"
#include "kernels/runtime/stream.hpp"

namespace helmholtz::cuda {

namespace {

/// Puts the calls of a step into a stream.
class StreamQueue final : public LayeredQueue {
 public:
  StreamQueue(const LayeredTask& task, const Cublas& blas, cudaStream_t stream)
      : task_(task), blas_(blas), stream_(stream) {}

  void draw_patterns() override { launch_draw_patterns(task_, stream_); }
  void sample(const LayeredLayer& layer) override { launch_sample(task_, layer, stream_); }
  void find_errors(Network network) override { launch_find_errors(task_, network, stream_); }
  void multiply(const Product& product) override { blas_.multiply(product, task_.math); }
  void clamp() override { launch_clamp(task_, stream_); }
  void split_weights(Network network) override { launch_split_weights(task_, network, stream_); }
  void advance() override { launch_advance(task_, stream_); }

 private:
  const LayeredTask& task_;
  const Cublas& blas_;
  cudaStream_t stream_;
};

/// Machines [first, first + count) of an ensemble, on one device.
class LayeredShare {
 public:
  LayeredShare(const helmholtz_ensemble& ensemble, const LayeredOptions& options, int device,
               std::size_t first, std::size_t count)
      : device_(use(device)),
        plain_launches_(options.plain_launches),
        task_(layered_task_of(ensemble, options.math)),
        blas_(stream_.get()),
        tables_(ensemble, first, count),
        clock_(1),
        evaluator_(ensemble, task_.shape, limits_of(device)),
        memory_(
            device, count,
            {.kept = task_.shape.floats(), .scratch = layered_scratch(task_.shape, options.math)},
            task_.group) {
    task_.clock = clock_.get();
  }

  [[nodiscard]] std::size_t machines() const noexcept { return memory_.machines(); }
  [[nodiscard]] std::size_t parameters() const { return task_.shape.parameters(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return memory_.bytes(); }

  void train(const helmholtz_steps& steps) {
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

  /// Machines [first, first + wanted.count) of this share.
  void evaluate(const helmholtz_evaluation& wanted, std::size_t first) {
    use(device_);
    memory_.read_chunks(first, wanted.count, [&](const ChunkedMemory::Chunk& chunk) {
      const auto part = part_of(chunk, wanted, first);
      if (part.count == 0) return;
      evaluator_.evaluate(chunk.data + part.first * task_.shape.floats(),
                          tables_.seeds(chunk.first + part.first),
                          static_cast<std::uint32_t>(part.count), part, stream_.get());
    });
  }

  static void kl_quantiles(std::span<const double>, double*) { throw NotOnDevice(); }

  void read(std::size_t first, std::size_t count, float* out) const {
    const auto floats = task_.shape.floats();
    std::vector<float> rows;
    if (memory_.resident()) {
      use(device_);
      rows.resize(count * floats);
      HELMHOLTZ_CUDA_CHECK(cudaMemcpy(rows.data(), memory_.on_device() + first * floats,
                                      rows.size() * sizeof(float), cudaMemcpyDeviceToHost));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const float* const row = memory_.resident() ? rows.data() + i * floats
                                                  : memory_.on_host(first + i) + row_of(first + i);
      unpack(task_.shape, row, out + i * parameters());
    }
  }

  void write(std::size_t first, std::size_t count, const float* in) {
    const auto floats = task_.shape.floats();
    std::vector<float> rows(memory_.resident() ? count * floats : 0);
    for (std::size_t i = 0; i < count; ++i) {
      float* const row = memory_.resident() ? rows.data() + i * floats
                                            : memory_.on_host(first + i) + row_of(first + i);
      pack(task_.shape, in + i * parameters(), row);
    }
    if (!memory_.resident()) return;
    use(device_);
    HELMHOLTZ_CUDA_CHECK(cudaMemcpy(memory_.on_device() + first * floats, rows.data(),
                                    rows.size() * sizeof(float), cudaMemcpyHostToDevice));
    finish_copies();
  }

 private:
  [[nodiscard]] std::size_t row_of(std::size_t machine) const {
    return machine % memory_.capacity() * task_.shape.floats();
  }

  [[nodiscard]] LayeredTask task_for(const ChunkedMemory::Chunk& chunk) const {
    auto task = task_;
    tables_.place(task, chunk.first);
    task.parameters = chunk.data;
    task.machines = static_cast<std::uint32_t>(chunk.count);
    task.capacity = static_cast<std::uint32_t>(chunk.capacity);
    place_scratch(task, chunk.scratch);
    return task;
  }

  /// A graph launch a step, and nothing else on the host. The share's very first step is issued
  /// plainly: it loads every kernel, which a capture must not do.
  void train_chunk(const LayeredTask& task, std::uint32_t steps, StepGraph& graph) {
    StreamQueue queue(task, blas_, stream_.get());
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
  Cublas blas_;
  EnsembleTables tables_;
  DeviceArray<StepClock> clock_;
  LayeredEvaluator evaluator_;
  ChunkedMemory memory_;
  std::vector<StepGraph> graphs_;  ///< of a step of each chunk
};

}  // namespace

std::unique_ptr<DeviceTrainer> make_layered_trainer(const helmholtz_ensemble& ensemble,
                                                    const LayeredOptions& options,
                                                    std::span<const std::int32_t> devices) {
  return std::make_unique<SplitTrainer<LayeredShare>>(
      ensemble.machines, devices, [&](int device, auto first, auto count) {
        return std::make_unique<LayeredShare>(ensemble, options, device, first, count);
      });
}

}  // namespace helmholtz::cuda
