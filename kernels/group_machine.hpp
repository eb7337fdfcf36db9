#pragma once

#include "fused_task.hpp"
#include "group_layers.hpp"
#include "group_weights.hpp"
#include "patterns.hpp"
#include "philox.hpp"

namespace helmholtz::cuda {

/// A group's machine, and whether what it learns is kept.
struct GroupTask {
  std::uint32_t m;
  bool keep;
};

/// (c) Several lanes train one machine.
///
/// A lane owns outputs of every layer (group_outputs.hpp): their weights are its own, and each
/// activity is summed by one lane, so bits do not depend on the lanes. What lanes tell each other
/// are unit states, one bit a unit, and a step's random words.
template <class Shape, class Group, class Weights>
class GroupMachine {
 public:
  HELMHOLTZ_DEVICE GroupMachine(const Shape& shape, const FusedTask& task, GroupTask own,
                                const GroupMemory<Weights>& memory, const Group& group)
      : shape_(shape),
        task_(task),
        own_(own),
        setting_(task.settings[own.m]),
        philox_(task.seeds[own.m]),
        memory_(memory),
        group_(group),
        layers_(memory, group) {}

  HELMHOLTZ_DEVICE void train() {
    for_each_parameter([&](const auto& layer, int lane, int round, int j, int i)
                           HELMHOLTZ_DEVICE_BODY {
                             memory_.weights.at(layer, lane, round, j, i) = *global(layer, j, i);
                             if (batch() > 1) memory_.deltas.at(layer, lane, round, j, i) = 0;
                           });
    group_.sync();
    const float* const factors =
        task_.factors + static_cast<std::size_t>(task_.schedules[setting_]) * task_.factor_stride;
    const int blocks = draws::blocks_per_step(shape_);
    auto block = task_.first_step * static_cast<std::uint64_t>(blocks);
    for (std::uint32_t s = 0; s < task_.steps; ++s) {
      step(factors[s], block);
      block += static_cast<std::uint64_t>(blocks);
    }
    if (!own_.keep) return;
    for_each_parameter([&](const auto& layer, int lane, int round, int j, int i)
                           HELMHOLTZ_DEVICE_BODY {
                             *global(layer, j, i) = memory_.weights.at(layer, lane, round, j, i);
                           });
  }

 private:
  [[nodiscard]] HELMHOLTZ_DEVICE int sleep_slot() const { return draws::dream(shape_); }
  [[nodiscard]] HELMHOLTZ_DEVICE int units() const { return shape_.units(); }
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t batch() const {
    return Weights::kOneRow ? 1 : task_.batch;
  }
  /// The parameter of output j and input i (i = inputs: the bias) in global memory.
  template <class Layer>
  [[nodiscard]] HELMHOLTZ_DEVICE float* global(const Layer& layer, int j, int i) const {
    const auto k = i < layer.inputs ? layer.weights + static_cast<std::size_t>(j * layer.inputs + i)
                                    : layer.bias + static_cast<std::size_t>(j);
    return task_.parameters + k * task_.stride + own_.m;
  }
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t* masks(int l) const {
    return memory_.masks + shape_.mask_offset(l);
  }

  /// rate(r) of this step, rounded once: generative layers first, then recognition layers.
  [[nodiscard]] HELMHOLTZ_DEVICE float rate(int r, float factor) const {
    const auto rates = static_cast<std::uint32_t>(2 * shape_.last() + 1);
    return FloatOps::mul(task_.rates[setting_ * std::size_t{rates} + static_cast<unsigned>(r)],
                         factor);
  }

  HELMHOLTZ_DEVICE void step(float factor, std::uint64_t block) {
    for (std::uint32_t row = 0; row < batch(); ++row) {
      draw(block, row, 0, sleep_slot() - 1);
      wake(factor);
    }
    if (batch() > 1) {
      for_layers_down(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
        layers_.apply_deltas(shape_.generative(l));
      });
    }
    if (task_.nonnegative) layers_.clamp(visible_layer());
    for (std::uint32_t row = 0; row < batch(); ++row) {
      draw(block, row, sleep_slot(), sleep_slot() + units() - 1);
      sleep(factor);
    }
    if (batch() > 1) {
      for_hidden_layers_up(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
        layers_.apply_deltas(shape_.recognition(l));
      });
    }
  }

  HELMHOLTZ_DEVICE void wake(float factor) {
    show_pattern();
    int slot = 1;
    for_hidden_layers_up(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
      layers_.sample(shape_.recognition(l), masks(l + 1), slot, masks(l));
      slot += shape_.size(l);
    });
    for_layers_down(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
      layers_.learn(shape_.generative(l), rate(l, factor), masks(l == 0 ? 0 : l - 1), masks(l));
    });
    group_.sync();
  }

  HELMHOLTZ_DEVICE void sleep(float factor) {
    int slot = sleep_slot() % 4;
    for_layers_down(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
      layers_.sample(shape_.generative(l), masks(l == 0 ? 0 : l - 1), slot, masks(l));
      slot += shape_.size(l);
    });
    for_hidden_layers_up(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
      layers_.learn(shape_.recognition(l), rate(shape_.last() + 1 + l, factor), masks(l + 1),
                    masks(l));
    });
    group_.sync();
  }

  /// Fills the words with the blocks of a row's slots first to last, a lane a block.
  HELMHOLTZ_DEVICE void draw(std::uint64_t block, std::uint32_t row, int first, int last) const {
    group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      for (int b = first / 4 + lane; b <= last / 4; b += Group::lanes()) {
        const auto address = block + static_cast<std::uint64_t>(b);
        philox_.blocks<1>(static_cast<std::uint32_t>(address),
                          static_cast<std::uint32_t>(address >> 32U), row, RandomPurpose::training,
                          memory_.words + 4 * (b - first / 4));
      }
    });
    group_.sync();
  }

  /// The visible units of the pattern that word 0 draws.
  HELMHOLTZ_DEVICE void show_pattern() const {
    const auto& table = task_.patterns;
    const auto words = static_cast<int>(table.words_per_pattern);
    group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      const auto pattern = pattern_of(table, memory_.words[0]);
      for (int w = lane; w < words; w += Group::lanes()) {
        masks(shape_.last())[w] = table.words[pattern * table.words_per_pattern + unsigned(w)];
      }
    });
    group_.sync();
  }

  HELMHOLTZ_DEVICE auto visible_layer() const {
    if constexpr (Shape::kStatic) {
      return Shape::generative(step::Index<Shape::kLast>());
    } else {
      return shape_.generative(shape_.last());
    }
  }

  /// body(layer, lane, round, j, i) for this lane's parameters.
  template <class Body>
  HELMHOLTZ_DEVICE void for_each_parameter(Body body) const {
    const auto visit = [&](const auto& layer) HELMHOLTZ_DEVICE_BODY {
      for_each_own(group_, layer, [&](int lane, int round, int j, int i) HELMHOLTZ_DEVICE_BODY {
        body(layer, lane, round, j, i);
      });
    };
    for_layers_down(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY { visit(shape_.generative(l)); });
    for_hidden_layers_up(shape_,
                         [&](auto l) HELMHOLTZ_DEVICE_BODY { visit(shape_.recognition(l)); });
  }

  const Shape& shape_;
  const FusedTask& task_;
  GroupTask own_;
  std::uint32_t setting_;
  Philox philox_;
  GroupMemory<Weights> memory_;
  Group group_;
  GroupLayers<Group, Weights> layers_;
};

/// Floats of a machine's arrays in shared memory. Groups that share a warp begin in different
/// banks.
/// @param weights  with SharedWeights
HELMHOLTZ_DEVICE_HOST std::size_t group_stride(const LayerShape& shape, std::uint32_t batch,
                                               int lanes, bool weights) {
  const auto parameters = weights ? shape.parameters() * (batch > 1 ? 2 : 1) : 0;
  const auto floats = parameters + static_cast<std::size_t>(draws::words_per_phase(shape)) +
                      static_cast<std::size_t>(shape.mask_words());
  return (floats + 31) / 32 * 32 + static_cast<std::size_t>(lanes % 32);
}

/// Trains a machine with everything in `memory`, [group_stride].
template <class Group>
HELMHOLTZ_DEVICE void train_in_group(const FusedTask& task, GroupTask own, float* memory,
                                     const Group& group) {
  const auto parameters = task.shape.parameters();
  float* const deltas = task.batch > 1 ? memory + parameters : memory;
  auto* const words = reinterpret_cast<std::uint32_t*>(deltas + parameters);
  GroupMachine<LayerShape, Group, SharedWeights>(
      task.shape, task, own,
      {SharedWeights{memory}, SharedWeights{deltas}, words,
       words + draws::words_per_phase(task.shape)},
      group)
      .train();
}

/// Trains a machine of a static shape with the weights in the lanes' registers; a batch of one row.
/// @param registers  [LaneWeights::kSize] of every slot
template <class Shape, class Group>
HELMHOLTZ_DEVICE void train_in_lanes(const FusedTask& task, GroupTask own, float* memory,
                                     float* registers, const Group& group) {
  using Weights = LaneWeights<Shape, Group>;
  auto* const words = reinterpret_cast<std::uint32_t*>(memory);
  constexpr Shape shape;
  GroupMachine<Shape, Group, Weights>(
      shape, task, own,
      {Weights{registers}, Weights{registers}, words, words + draws::words_per_phase(task.shape)},
      group)
      .train();
}

}  // namespace helmholtz::cuda
