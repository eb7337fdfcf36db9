#pragma once

#include <cstdint>

#include "group_outputs.hpp"

namespace helmholtz::cuda {

/// Where a group keeps its machine. `Weights`: SharedWeights, or LaneWeights for a batch of one
/// row.
template <class Weights>
struct GroupMemory {
  Weights weights;
  Weights deltas;        ///< for a batch of several rows; else the weights themselves
  std::uint32_t* words;  ///< [words_per_phase], shared
  std::uint32_t* masks;  ///< [mask words], shared: unit i of a layer in bit i % 32 of word i / 32
};

/// (c) What the lanes of a machine do with one layer, each for its outputs: an activity is summed
/// by one lane in the order of the exact class. States are masks, one bit a unit.
template <class Group, class Weights>
class GroupLayers {
 public:
  HELMHOLTZ_DEVICE GroupLayers(const GroupMemory<Weights>& memory, const Group& group)
      : memory_(memory), group_(group) {}

  /// Draws the states of a layer's outputs.
  /// @param slot  of the first output's word
  template <class Layer>
  HELMHOLTZ_DEVICE void sample(const Layer& layer, const std::uint32_t* inputs, int slot,
                               std::uint32_t* outputs) const {
    std::uint32_t states = 0;
    for_each_round<Group>(layer, [&](int round) HELMHOLTZ_DEVICE_BODY {
      const int first = round * Group::lanes();
      const auto on = group_.ballot([&](int lane) HELMHOLTZ_DEVICE_BODY {
        const int j = first + lane;
        if (j >= layer.outputs) return false;
        const auto d = one_plus_exp_minus<FloatOps>(activity(layer, inputs, lane, round, j));
        return static_cast<bool>(fires<FloatOps>(d, memory_.words[slot + j]));
      });
      states |= on << (first % 32);
      const int next = first + Group::lanes();
      if (next % 32 == 0 || next >= layer.outputs) {
        group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
          if (lane == 0) outputs[first / 32] = states;
        });
        states = 0;
      }
    });
    group_.sync();
  }

  /// The delta rule for the states of a layer and of its inputs.
  template <class Layer>
  HELMHOLTZ_DEVICE void learn(const Layer& layer, float rate, const std::uint32_t* inputs,
                              const std::uint32_t* targets) const {
    for_each_output(group_, layer, [&](int lane, int round, int j) HELMHOLTZ_DEVICE_BODY {
      const auto p = sigmoid<FloatOps>(activity(layer, inputs, lane, round, j));
      const auto target = FloatOps::bit(((targets[j / 32] >> (j % 32)) & 1U) != 0);
      const auto delta = FloatOps::mul(rate, FloatOps::error(target, p));
      float& bias = memory_.deltas.at(layer, lane, round, j, layer.inputs);
      bias = FloatOps::add(bias, delta);
      std::uint32_t on = 0;
      for_each_input(layer, [&](int i) HELMHOLTZ_DEVICE_BODY {
        if (i % 32 == 0) on = inputs[i / 32];
        float& weight = memory_.deltas.at(layer, lane, round, j, i);
        if (((on >> (i % 32)) & 1U) != 0) weight = FloatOps::add(weight, delta);
      });
    });
  }

  /// Adds a layer's deltas of the batch and clears them.
  template <class Layer>
  HELMHOLTZ_DEVICE void apply_deltas(const Layer& layer) const {
    for_each_own(group_, layer, [&](int lane, int round, int j, int i) HELMHOLTZ_DEVICE_BODY {
      float& weight = memory_.weights.at(layer, lane, round, j, i);
      float& delta = memory_.deltas.at(layer, lane, round, j, i);
      weight = FloatOps::add(weight, delta);
      delta = 0;
    });
  }

  /// W = max(W, 0)
  template <class Layer>
  HELMHOLTZ_DEVICE void clamp(const Layer& layer) const {
    for_each_own(group_, layer, [&](int lane, int round, int j, int i) HELMHOLTZ_DEVICE_BODY {
      float& weight = memory_.weights.at(layer, lane, round, j, i);
      if (i < layer.inputs) weight = FloatOps::max(weight, 0.0F);
    });
  }

 private:
  /// The bias first, then the inputs that are on, in partial sums of 32: a word of states each.
  template <class Layer>
  [[nodiscard]] HELMHOLTZ_DEVICE float activity(const Layer& layer, const std::uint32_t* inputs,
                                                int lane, int round, int j) const {
    static_assert(kActivityChunk == 32);
    float total = 0;
    float sum = memory_.weights.at(layer, lane, round, j, layer.inputs);
    std::uint32_t on = 0;
    for_each_input(layer, [&](int i) HELMHOLTZ_DEVICE_BODY {
      if (i % 32 == 0) on = inputs[i / 32];
      if (i % 32 == 0 && i != 0) {
        total = i == 32 ? sum : FloatOps::add(total, sum);
        sum = 0;
      }
      const float weight = memory_.weights.at(layer, lane, round, j, i);
      if (((on >> (i % 32)) & 1U) != 0) sum = FloatOps::add(sum, weight);
    });
    return layer.inputs > 32 ? FloatOps::add(total, sum) : sum;
  }

  GroupMemory<Weights> memory_;
  Group group_;
};

}  // namespace helmholtz::cuda
