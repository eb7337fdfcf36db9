#include "kernels/layered/layered_step.hpp"

#include <array>
#include <vector>

#include "kernels/layered/layered_plan.hpp"
#include "kernels/runtime/float_ops.hpp"

namespace helmholtz::cuda {

namespace {

/// The products of a step, each for all machines.
class Products {
 public:
  Products(const LayeredTask& task, LayeredQueue& queue) : task_(task), queue_(queue) {}

  void activities(const LayeredLayer& layer) const {
    queue_.multiply(std::array{activity_product(layer)});
  }
  void activities(Network network) const {
    multiply(network, [&](const auto& layer) { return activity_product(layer); });
  }
  void learn(Network network) const {
    multiply(network, [&](const auto& layer) { return learning_product(layer); });
  }

 private:
  /// Layers do not depend on each other.
  template <class ProductOf>
  void multiply(Network network, ProductOf product_of) const {
    std::vector<Product> products;
    for (int l = 0; l < task_.shape.layers(network); ++l) {
      const auto& layer = task_.shape.layer(network, l);
      if (layer.inputs > 0) products.push_back(product_of(layer));
    }
    queue_.multiply(products);
  }

  /// activities = weights * units of the layer that feeds it. With bf16x3 an input is three, one
  /// for each part of its weights.
  [[nodiscard]] Product activity_product(const LayeredLayer& layer) const {
    const auto& shape = task_.shape;
    return {.rows = shape.columns(),
            .columns = layer.outputs,
            .inner = parts() * layer.inputs,
            .a = operand(task_.units, task_.units16, shape.unit_start(layer.source)),
            .b = operand(task_.parameters, task_.weight_parts, layer.weights),
            .c = task_.activities + shape.unit_start(layer.index),
            .a_stride = shape.column_stride(),
            .b_stride = parts() * layer.stride,
            .c_stride = shape.column_stride(),
            .a_machine = parts() * elements(),
            .b_machine = parts() * floats(),
            .c_machine = elements(),
            .beta = 0,
            .count = static_cast<int>(task_.machines)};
  }

  /// weights += errors * units^T of the layer that feeds it; with means the gradients are that.
  /// With bf16x3 all parts of the errors are summed over, and the padding between them.
  [[nodiscard]] Product learning_product(const LayeredLayer& layer) const {
    const auto& shape = task_.shape;
    const bool has_means = task_.means > 0;
    return {.transpose_a = true,
            .rows = layer.inputs,
            .columns = layer.outputs,
            .inner = (parts() - 1) * shape.column_stride() + shape.columns(),
            .a = operand(task_.units, task_.units16, shape.unit_start(layer.source)),
            .b = operand(task_.activities, task_.error_parts, shape.unit_start(layer.index)),
            .c = (has_means ? task_.gradients : task_.parameters) + layer.weights,
            .a_stride = parts() * shape.column_stride(),
            .b_stride = parts() * shape.column_stride(),
            .c_stride = layer.stride,
            .a_machine = parts() * elements(),
            .b_machine = parts() * elements(),
            .c_machine = floats(),
            .beta = has_means ? 0.0F : 1.0F,
            .count = static_cast<int>(task_.machines)};
  }

  /// Numbers in place of each operand.
  [[nodiscard]] int parts() const { return task_.math == Math::bf16x3 ? kParts : 1; }
  [[nodiscard]] const void* operand(const float* whole, const std::uint16_t* parts,
                                    std::uint64_t at) const {
    if (task_.math == Math::bf16x3) return parts + kParts * at;
    return whole + at;
  }

  [[nodiscard]] std::int64_t elements() const {
    return static_cast<std::int64_t>(task_.shape.unit_elements());
  }
  [[nodiscard]] std::int64_t floats() const {
    return static_cast<std::int64_t>(task_.shape.floats());
  }

  const LayeredTask& task_;
  LayeredQueue& queue_;
};

/// A task in one of its phases.
LayeredTask in_phase(LayeredTask task, bool awake) {
  task.awake = awake;
  if (!awake) task.shape.set_columns(task.shape.columns() / static_cast<int>(task.particles));
  task.lanes = error_lanes(task.shape.columns());
  return task;
}

/// The `Machine` of wake_sleep.inl: all rows of all machines at once, with all their particles.
struct LayeredMachine {
  static constexpr bool kParticlesInTurn = false;

  LayeredTask awake;
  LayeredTask asleep;
  LayeredQueue& queue;

  [[nodiscard]] const LayeredShape& shape() const { return awake.shape; }
  static int rows() { return 1; }
  int draw_pattern(int row) {
    queue.begin(awake);
    queue.draw_patterns();
    return row;
  }
  int begin_dream(int row) {
    queue.begin(asleep);
    return row;
  }
  template <class NetworkLayer>
  void sample(NetworkLayer which, int) {
    const auto& layer = shape().layer(which.kNetwork, which.l);
    const auto& task = which.kNetwork == Network::recognition ? awake : asleep;
    if (layer.inputs > 0) Products(task, queue).activities(layer);
    queue.sample(layer);
  }
  [[nodiscard]] bool learns_awake() const { return awake.learns_awake; }
  void learn_awake(Network network) { learn(network, awake); }
  void learn_asleep() { learn(Network::recognition, asleep); }
  void apply(Network network) {
    if (awake.means > 0) queue.follow(network);
    if (awake.nonnegative && network == Network::generative) queue.clamp();
    if (awake.math == Math::bf16x3) queue.split_weights(network);
  }

 private:
  /// The recognition layers' activities are still there when the generative network learns.
  void learn(Network network, const LayeredTask& task) {
    const Products products(task, queue);
    const bool scores = task.weighs() && network == Network::generative;
    if (scores) queue.score(Network::recognition);
    products.activities(network);
    if (scores) {
      queue.score(Network::generative);
      queue.weigh();
    }
    queue.find_errors(network);
    products.learn(network);
  }
};

}  // namespace

void issue_start(const LayeredTask& task, LayeredQueue& queue) {
  queue.begin(task);
  if (task.math != Math::bf16x3) return;
  queue.split_weights(Network::generative);
  queue.split_weights(Network::recognition);
}

void issue_step(const LayeredTask& task, LayeredQueue& queue) {
  LayeredMachine machine{in_phase(task, true), in_phase(task, false), queue};
  train_step(machine);
  queue.advance();
}

}  // namespace helmholtz::cuda
