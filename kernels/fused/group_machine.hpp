#pragma once

#include "kernels/fused/fused_step.hpp"
#include "kernels/fused/reweighted_group_layers.hpp"

namespace helmholtz::cuda {

/// A group's machine; an inactive group reads its tables, but neither loads nor stores parameters.
struct GroupTask {
  std::uint32_t m;
  bool active;
};

template <class Shape, class Group, bool one_row>
struct GroupStep : FusedStep<Shape> {
  std::uint32_t* words;  ///< [words_per_phase], shared
  Group group;

  [[nodiscard]] HELMHOLTZ_DEVICE int rows() const { return one_row ? 1 : FusedStep<Shape>::rows(); }
  /// A lane draws a block.
  [[nodiscard]] HELMHOLTZ_DEVICE const std::uint32_t* draw(int row, int begin, int end) const {
    group.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      for (int b = begin / 4 + lane; b < draws::blocks(end); b += Group::lanes()) {
        this->draw_block(b, row, words + 4 * (b - begin / 4));
      }
      if (lane == 0 && this->is_visit(begin)) words[draws::kPattern] = this->visit(row);
    });
    group.sync();
    return words + begin % 4;
  }
};

/// Fetches the parameters, takes the task's steps, and writes them back.
template <class Machine, class Weights, class Group>
HELMHOLTZ_DEVICE void train_and_keep(const FusedTask& task, GroupTask own, Machine& machine,
                                     Weights weights, Weights deltas, const Group& group) {
  const auto global = [&](const auto& layer, int j, int i) HELMHOLTZ_DEVICE_BODY -> float& {
    const auto k = i < layer.inputs ? layer.weights + static_cast<std::size_t>(j * layer.inputs + i)
                                    : layer.bias + static_cast<std::size_t>(j);
    return task.parameters[k * task.stride + own.m];
  };
  const bool batch = machine.rows() > 1;
  machine.layers.for_each_parameter(
      [&](const auto& layer, int lane, int round, int j, int i) HELMHOLTZ_DEVICE_BODY {
        weights.at(layer, lane, round, j, i) = own.active ? global(layer, j, i) : 0.0F;
        if (batch) deltas.at(layer, lane, round, j, i) = 0;
      });
  group.sync();
  take_steps(task, machine);
  if (!own.active) return;
  machine.layers.for_each_parameter(
      [&](const auto& layer, int lane, int round, int j, int i)
          HELMHOLTZ_DEVICE_BODY { global(layer, j, i) = weights.at(layer, lane, round, j, i); });
}

/// WarpShared, WarpRegisters: several lanes train one machine.
///
/// A lane owns outputs of every layer (group_layers.hpp): their weights are its own, and each
/// activity is summed by one lane, so bits do not depend on the lanes. What lanes exchange
/// are unit states, one bit per unit, and a step's random words.
/// @tparam reweighted  with particles
/// @param words  [words_per_phase], then [GroupParticles::words]: shared
template <bool reweighted, class Shape, class Group, class Weights>
HELMHOLTZ_DEVICE void train_group(const Shape& shape, const FusedTask& task, GroupTask own,
                                  Weights weights, Weights deltas, std::uint32_t* words,
                                  const Group& group) {
  using Step = GroupStep<Shape, Group, Weights::kOneRow>;
  auto* const particles = words + draws::words_per_phase(task.shape);
  if constexpr (reweighted) {
    using Layers = ReweightedGroupLayers<Shape, Group, Weights>;
    ReweightedRowByRow<Layers, ReweightedStep<Step>> machine{
        {{shape, {task, own.m}, weights, deltas, GroupParticles(task, particles), group},
         {Step{{shape, task, own.m}, words, group}, task, own.m}}};
    train_and_keep(task, own, machine, weights, deltas, group);
  } else {
    using Layers = GroupLayers<Shape, Group, Weights>;
    RowByRow<Layers, Step> machine{{shape, {task, own.m}, weights, deltas, particles, group},
                                   {{shape, task, own.m}, words, group}};
    train_and_keep(task, own, machine, weights, deltas, group);
  }
}

/// Floats of a machine's arrays in shared memory. Groups that share a warp begin in different
/// banks.
/// @param weights     with SharedWeights
/// @param reweighted  task.reweighted(), which kernels know before
HELMHOLTZ_DEVICE_HOST std::size_t group_stride(const FusedTask& task, int lanes, bool weights,
                                               bool reweighted) {
  const auto parameters = weights ? task.shape.parameters() * (task.batch > 1 ? 2 : 1) : 0;
  const auto floats = parameters + static_cast<std::size_t>(draws::words_per_phase(task.shape)) +
                      GroupParticles::words(task, reweighted);
  return (floats + 31) / 32 * 32 + static_cast<std::size_t>(lanes % 32);
}

/// Trains a machine with everything in `memory`, [group_stride].
template <bool reweighted, class Group>
HELMHOLTZ_DEVICE void train_in_group(const FusedTask& task, GroupTask own, float* memory,
                                     const Group& group) {
  const auto parameters = task.shape.parameters();
  float* const deltas = task.batch > 1 ? memory + parameters : memory;
  auto* const words = reinterpret_cast<std::uint32_t*>(deltas + parameters);
  train_group<reweighted>(task.shape, task, own, SharedWeights{memory}, SharedWeights{deltas},
                          words, group);
}

/// Trains a machine of a static shape with the weights in the lanes' registers; a batch of one row.
/// @param registers  [LaneWeights::kSize] of every slot
template <class Shape, bool reweighted, class Group>
HELMHOLTZ_DEVICE void train_in_lanes(const FusedTask& task, GroupTask own, float* memory,
                                     float* registers, const Group& group) {
  const LaneWeights<Shape, Group> weights{registers};
  constexpr Shape shape;
  train_group<reweighted>(shape, task, own, weights, weights,
                          reinterpret_cast<std::uint32_t*>(memory), group);
}

}  // namespace helmholtz::cuda
