#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/fused/fused_step.hpp"

/// What the lanes of a machine own of it: a lane outputs lane, lane + lanes, … of every layer, with
/// their weights and biases.
///
/// `Group`, the lanes of one machine: lanes(); for_each_lane(body), body(lane) for this lane (the
/// host: for every lane); ballot(body), the lanes whose body(lane) is true; sync(), before a lane
/// reads what another one wrote; slot(lane), where a lane's registers begin among all that there
/// are.
namespace helmholtz::cuda {

/// body(round): as often as a lane has outputs, at most.
template <class Group, class Layer, class Body>
HELMHOLTZ_DEVICE void for_each_round(const Layer& layer, Body body) {
  if constexpr (Layer::kStatic) {
    repeat<(Layer::outputs + Group::lanes() - 1) / Group::lanes()>(body);
  } else {
    for (int r = 0; r * Group::lanes() < layer.outputs; ++r) body(r);
  }
}

/// body(lane, round, j) for the outputs of this lane.
template <class Group, class Layer, class Body>
HELMHOLTZ_DEVICE void for_each_output(const Group& group, const Layer& layer, Body body) {
  for_each_round<Group>(layer, [&](int round) HELMHOLTZ_DEVICE_BODY {
    group.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      const int j = round * Group::lanes() + lane;
      if (j < layer.outputs) body(lane, round, j);
    });
  });
}

/// body(lane, round, j, i) for this lane's parameters of a layer; i = inputs: the bias.
template <class Group, class Layer, class Body>
HELMHOLTZ_DEVICE void for_each_own(const Group& group, const Layer& layer, Body body) {
  for_each_output(group, layer, [&](int lane, int round, int j) HELMHOLTZ_DEVICE_BODY {
    for_each_input(layer, [&](int i) HELMHOLTZ_DEVICE_BODY { body(lane, round, j, i); });
    body(lane, round, j, layer.inputs);
  });
}

/// Weights in shared memory, each layer transposed, [input][output]: lanes read neighbouring banks.
struct SharedWeights {
  static constexpr bool kOneRow = false;
  float* base;
  /// Of output j and input i; i = inputs is the bias. `round` numbers the outputs of a lane.
  template <class Layer>
  HELMHOLTZ_DEVICE float& at(const Layer& layer, int /*lane*/, int /*round*/, int j, int i) const {
    return base[layer.weights + static_cast<std::size_t>(i * layer.outputs + j)];
  }
};

/// Weights of a static shape in the registers of the lane that owns their output: an array that no
/// index at run time may touch.
template <class Shape, class Group>
struct LaneWeights {
  static constexpr bool kOneRow = true;  ///< there is no room for a batch's deltas
  float* base;                           ///< [kSize] of this lane (the host: of every lane)

  /// Floats of a lane in the layers that lie before `end` in the order of Topology.
  static constexpr int size_before(std::size_t end) {
    int size = 0;
    std::size_t offset = 0;
    const auto count = [&](int outputs, int inputs) {
      const int rounds = (outputs + Group::lanes() - 1) / Group::lanes();
      if (offset < end) size += rounds * (inputs + 1);
      offset += static_cast<std::size_t>(outputs * (inputs + 1));
    };
    for (int l = 0; l <= Shape::kLast; ++l) count(Shape::size(l), l == 0 ? 0 : Shape::size(l - 1));
    for (int l = Shape::kLast - 1; l >= 0; --l) count(Shape::size(l), Shape::size(l + 1));
    return size;
  }
  static constexpr int kSize = size_before(Shape::parameters());

  template <class Layer>
  HELMHOLTZ_DEVICE float& at(const Layer&, int lane, int round, int /*j*/, int i) const {
    constexpr int kBegin = size_before(Layer::weights);
    return base[Group::slot(lane) * kSize + kBegin + round * (Layer::inputs + 1) + i];
  }
};

/// What the lanes of a machine do with its layers, each for its outputs: an activity is summed by
/// one lane in the order of the exact class. States are masks, one bit per unit. The `Layers` of
/// wake_sleep.inl's RowByRow. `Weights`: SharedWeights, or LaneWeights for a batch of one row.
template <class Shape, class Group, class Weights>
class GroupLayers {
 public:
  HELMHOLTZ_DEVICE GroupLayers(const Shape& shape, const ShownPatterns& patterns, Weights weights,
                               Weights deltas, std::uint32_t* masks, const Group& group)
      : shape_(shape),
        patterns_(patterns),
        weights_(weights),
        deltas_(deltas),
        masks_(masks),
        group_(group) {}

  [[nodiscard]] HELMHOLTZ_DEVICE const Shape& shape() const { return shape_; }

  HELMHOLTZ_DEVICE void show_pattern(std::uint32_t word) const {
    group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      const auto pattern = patterns_.words(word);
      for (auto w = static_cast<std::uint32_t>(lane); w < patterns_.count(); w += Group::lanes()) {
        masks(shape_.last())[w] = pattern[w];
      }
    });
    group_.sync();
  }

  template <class Layer>
  HELMHOLTZ_DEVICE void sample(Layer which, const std::uint32_t* words) const {
    sample_judged(which, words, [](int, float activity) HELMHOLTZ_DEVICE_BODY {
      return one_plus_exp_minus<FloatOps>(activity);
    });
  }

  /// The same. @param judge  (j, activity) of output j: its D
  template <class Layer, class Judge>
  HELMHOLTZ_DEVICE void sample_judged(Layer which, const std::uint32_t* words, Judge judge) const {
    const auto& layer = which.view(shape_);
    const int slot = which.slot(shape_);
    const std::uint32_t* const inputs = masks(which.source());
    std::uint32_t states = 0;
    for_each_round<Group>(layer, [&](int round) HELMHOLTZ_DEVICE_BODY {
      const int first = round * Group::lanes();
      const auto on = group_.ballot([&](int lane) HELMHOLTZ_DEVICE_BODY {
        const int j = first + lane;
        if (j >= layer.outputs) return false;
        const auto d = judge(j, activity(layer, inputs, lane, round, j));
        return static_cast<bool>(fires<FloatOps>(d, words[slot + j]));
      });
      states |= on << (first % 32);
      const int next = first + Group::lanes();
      if (next % 32 == 0 || next >= layer.outputs) {
        group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
          if (lane == 0) masks(which.l)[first / 32] = states;
        });
        states = 0;
      }
    });
    group_.sync();
  }

  /// The delta rule.
  template <class Layer>
  HELMHOLTZ_DEVICE void learn(Layer which, float rate) const {
    const auto& layer = which.view(shape_);
    const std::uint32_t* const inputs = masks(which.source());
    const std::uint32_t* const targets = masks(which.l);
    for_each_output(group_, layer, [&](int lane, int round, int j) HELMHOLTZ_DEVICE_BODY {
      const auto p = sigmoid<FloatOps>(activity(layer, inputs, lane, round, j));
      const auto target = FloatOps::bit(((targets[j / 32] >> (j % 32)) & 1U) != 0);
      const auto delta = FloatOps::mul(rate, FloatOps::error(target, p));
      float& bias = deltas_.at(layer, lane, round, j, layer.inputs);
      bias = FloatOps::add(bias, delta);
      std::uint32_t on = 0;
      for_each_input(layer, [&](int i) HELMHOLTZ_DEVICE_BODY {
        if (i % 32 == 0) on = inputs[i / 32];
        float& weight = deltas_.at(layer, lane, round, j, i);
        if (((on >> (i % 32)) & 1U) != 0) weight = FloatOps::add(weight, delta);
      });
    });
  }

  /// Adds the batch's deltas to a network's parameters and clears them.
  template <class Network>
  HELMHOLTZ_DEVICE void apply_deltas(Network network) const {
    for_each_parameter_of(
        network, [&](const auto& layer, int lane, int round, int j, int i) HELMHOLTZ_DEVICE_BODY {
          float& weight = weights_.at(layer, lane, round, j, i);
          float& delta = deltas_.at(layer, lane, round, j, i);
          weight = FloatOps::add(weight, delta);
          delta = 0;
        });
  }

  /// W_L = max(W_L, 0)
  HELMHOLTZ_DEVICE void clamp_visible_weights() const {
    const auto& layer = step::visible_layer(shape_).view(shape_);
    for_each_own(group_, layer, [&](int lane, int round, int j, int i) HELMHOLTZ_DEVICE_BODY {
      float& weight = weights_.at(layer, lane, round, j, i);
      if (i < layer.inputs) weight = FloatOps::max(weight, 0.0F);
    });
  }

  /// body(layer, lane, round, j, i) for this lane's parameters.
  template <class Body>
  HELMHOLTZ_DEVICE void for_each_parameter(Body body) const {
    for_each_parameter_of(step::Generative(), body);
    for_each_parameter_of(step::Recognition(), body);
  }

 protected:
  template <class Network, class Body>
  HELMHOLTZ_DEVICE void for_each_parameter_of(Network network, Body body) const {
    for_each_layer(network, shape_, [&](auto which) HELMHOLTZ_DEVICE_BODY {
      const auto& layer = which.view(shape_);
      for_each_own(group_, layer, [&](int lane, int round, int j, int i) HELMHOLTZ_DEVICE_BODY {
        body(layer, lane, round, j, i);
      });
    });
  }

  /// The bias first, then the inputs that are on, in partial sums of 32: a word of states each.
  template <class Layer>
  [[nodiscard]] HELMHOLTZ_DEVICE float activity(const Layer& layer, const std::uint32_t* inputs,
                                                int lane, int round, int j) const {
    static_assert(kActivityChunk == 32);
    float total = 0;
    float sum = weights_.at(layer, lane, round, j, layer.inputs);
    std::uint32_t on = 0;
    for_each_input(layer, [&](int i) HELMHOLTZ_DEVICE_BODY {
      if (i % 32 == 0) on = inputs[i / 32];
      if (i % 32 == 0 && i != 0) {
        total = i == 32 ? sum : FloatOps::add(total, sum);
        sum = 0;
      }
      const float weight = weights_.at(layer, lane, round, j, i);
      if (((on >> (i % 32)) & 1U) != 0) sum = FloatOps::add(sum, weight);
    });
    return layer.inputs > 32 ? FloatOps::add(total, sum) : sum;
  }

  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t* masks(int l) const {
    return masks_ + shape_.mask_offset(l);
  }

  const Shape& shape_;
  ShownPatterns patterns_;
  Weights weights_;
  Weights deltas_;        ///< for a batch of several rows; else the weights themselves
  std::uint32_t* masks_;  ///< [mask words], shared: unit i of a layer in bit i % 32 of word i / 32
  Group group_;
};

}  // namespace helmholtz::cuda
