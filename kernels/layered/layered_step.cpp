#include "kernels/layered/layered_step.hpp"

#include <array>
#include <vector>

#include "kernels/layered/layered_plan.hpp"
#include "kernels/runtime/float_ops.hpp"

namespace helmholtz::cuda {

namespace {

template <class Body>
void for_each_fed_layer(const LayeredShape& shape, Network network, Body body) {
  for (int l = 0; l < shape.layers(network); ++l) {
    const auto& layer = shape.layer(network, l);
    if (layer.inputs > 0) body(layer);
  }
}

/// Issues products, each for all machines: layers do not depend on each other, a layer's parts do,
/// and the smallest come first.
class Products {
 public:
  Products(const LayeredTask& task, LayeredQueue& queue) : task_(task), queue_(queue) {}

  /// activities = weights * units of the layer that feeds it.
  void activities(const LayeredLayer& layer) const {
    for_each_part([&](int part) { queue_.multiply(std::array{activities(layer, part)}); });
  }
  /// The same for all layers of a network.
  void activities(Network network) const {
    for_each_part([&](int part) {
      multiply(network, [&](const auto& layer) { return activities(layer, part); });
    });
  }
  /// weights += errors * units^T of the layer that feeds it; with means the gradients are that.
  void learn(Network network) const {
    for_each_part([&](int part) {
      multiply(network, [&](const auto& layer) { return learning(layer, part); });
    });
  }

 private:
  template <class Body>
  void for_each_part(Body body) const {
    for (int part = last_part(); part >= 0; --part) body(part);
  }

  template <class ProductOf>
  void multiply(Network network, ProductOf product_of) const {
    std::vector<Product> products;
    for_each_fed_layer(task_.shape, network,
                       [&](const auto& layer) { products.push_back(product_of(layer)); });
    queue_.multiply(products);
  }

  [[nodiscard]] Product activities(const LayeredLayer& layer, int part) const {
    const auto& shape = task_.shape;
    return {.rows = task_.columns,
            .columns = layer.outputs,
            .inner = layer.inputs,
            .a = units(layer.source),
            .b = weights(part, layer),
            .c = task_.activities + shape.unit_start(layer.index),
            .a_stride = shape.column_stride(),
            .b_stride = layer.stride,
            .c_stride = shape.column_stride(),
            .a_machine = elements(),
            .b_machine = floats(),
            .c_machine = elements(),
            .beta = part == last_part() ? 0.0F : 1.0F,
            .count = static_cast<int>(task_.machines)};
  }

  [[nodiscard]] Product learning(const LayeredLayer& layer, int part) const {
    const auto& shape = task_.shape;
    const bool has_means = task_.means > 0;
    return {.transpose_a = true,
            .rows = layer.inputs,
            .columns = layer.outputs,
            .inner = task_.columns,
            .a = units(layer.source),
            .b = errors(part, layer.index),
            .c = (has_means ? task_.gradients : task_.parameters) + layer.weights,
            .a_stride = shape.column_stride(),
            .b_stride = shape.column_stride(),
            .c_stride = layer.stride,
            .a_machine = elements(),
            .b_machine = elements(),
            .c_machine = floats(),
            .beta = has_means && part == last_part() ? 0.0F : 1.0F,
            .count = static_cast<int>(task_.machines)};
  }

  [[nodiscard]] bool split() const { return task_.math == Math::bf16x3; }
  [[nodiscard]] int last_part() const { return split() ? kParts - 1 : 0; }

  [[nodiscard]] std::int64_t elements() const {
    return static_cast<std::int64_t>(task_.shape.unit_elements());
  }
  [[nodiscard]] std::int64_t floats() const {
    return static_cast<std::int64_t>(task_.shape.floats());
  }

  [[nodiscard]] const void* units(int l) const {
    return operand(task_.units, task_.units16, 0, task_.shape.unit_start(l));
  }
  [[nodiscard]] const void* weights(int part, const LayeredLayer& layer) const {
    return operand(task_.parameters, task_.weight_parts,
                   static_cast<unsigned>(part) * task_.shape.floats(), layer.weights);
  }
  [[nodiscard]] const void* errors(int part, int l) const {
    return operand(task_.activities, task_.error_parts,
                   static_cast<unsigned>(part) * task_.shape.unit_elements(),
                   task_.shape.unit_start(l));
  }
  /// @param part  where the part begins, in each machine's elements before it
  [[nodiscard]] const void* operand(const float* whole, const std::uint16_t* parts,
                                    std::uint64_t part, std::uint64_t at) const {
    if (!split()) return whole + at;
    return parts + part * task_.capacity + at;
  }

  const LayeredTask& task_;
  LayeredQueue& queue_;
};

/// A task in one of its phases.
LayeredTask in_phase(LayeredTask task, bool awake) {
  task.awake = awake;
  task.columns = task.shape.columns() / (awake ? 1 : static_cast<int>(task.particles));
  task.lanes = error_lanes(task.columns);
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
