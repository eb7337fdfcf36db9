#pragma once

#include "fused_task.hpp"
#include "patterns.hpp"
#include "philox.hpp"

namespace helmholtz::cuda {

/// 32-bit words of unit states before layer l.
template <class Shape>
HELMHOLTZ_DEVICE_HOST int mask_offset(const Shape& shape, int l) {
  if constexpr (Shape::kStatic) {
    int offset = 0;
    for (int k = 0; k < l; ++k) offset += (shape.size(k) + 31) / 32;
    return offset;
  } else {
    return shape.mask_offset(l);
  }
}

/// (c) Several lanes train one machine of any topology and batch that fits in shared memory.
///
/// A lane owns outputs lane, lane + lanes, … of every layer: their weights are its own, and each
/// activity is summed by one lane in the order of the exact class, so bits do not depend on the
/// lanes. What lanes tell each other are unit states, one bit a unit, and a step's random words.
///
/// `Group`, the lanes of one machine: lanes(); for_each_lane(body), body(lane) for this lane (the
/// host: for every lane); ballot(body), the lanes whose body(lane) is true; sync(), before a lane
/// reads what another one wrote.
template <class Shape, class Group>
class GroupMachine {
 public:
  /// A machine's arrays in shared memory.
  struct Memory {
    float* weights;        ///< [parameters()]; a layer's weights lie transposed, [input][output]
    float* deltas;         ///< the same, for a batch of several rows; else the weights themselves
    std::uint32_t* words;  ///< [RuntimeShape::words()]
    std::uint32_t* masks;  ///< [mask words]: layer by layer, unit i in bit i % 32 of word i / 32
  };

  HELMHOLTZ_DEVICE GroupMachine(const Shape& shape, const FusedTask& task, std::uint32_t m,
                                const Memory& memory, const Group& group)
      : shape_(shape),
        task_(task),
        m_(m),
        setting_(task.settings[m]),
        philox_(task.seeds[m]),
        memory_(memory),
        group_(group) {}

  HELMHOLTZ_DEVICE void train() {
    for_each_parameter([&](float& weight, std::size_t k)
                           HELMHOLTZ_DEVICE_BODY { weight = *global(k); });
    if (task_.batch > 1) clear_deltas();
    group_.sync();
    const float* const factors =
        task_.factors + static_cast<std::size_t>(task_.schedules[setting_]) * task_.factor_stride;
    const int blocks = (sleep_slot() + units() + 3) / 4;
    auto block = task_.first_step * static_cast<std::uint64_t>(blocks);
    for (std::uint32_t s = 0; s < task_.steps; ++s) {
      step(factors[s], block);
      block += static_cast<std::uint64_t>(blocks);
    }
    for_each_parameter([&](float& weight, std::size_t k)
                           HELMHOLTZ_DEVICE_BODY { *global(k) = weight; });
  }

 private:
  [[nodiscard]] HELMHOLTZ_DEVICE int sleep_slot() const { return 1 + hidden_units(); }
  [[nodiscard]] HELMHOLTZ_DEVICE int hidden_units() const {
    return shape_.unit_offset(shape_.last());
  }
  [[nodiscard]] HELMHOLTZ_DEVICE int units() const {
    return hidden_units() + shape_.size(shape_.last());
  }
  [[nodiscard]] HELMHOLTZ_DEVICE float* global(std::size_t k) const {
    return task_.parameters + k * task_.stride + m_;
  }
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t* masks(int l) const {
    return memory_.masks + mask_offset(shape_, l);
  }

  /// rate(r) of this step, rounded once: generative layers first, then recognition layers.
  [[nodiscard]] HELMHOLTZ_DEVICE float rate(int r, float factor) const {
    const auto rates = static_cast<std::uint32_t>(2 * shape_.last() + 1);
    return FloatOps::mul(task_.rates[setting_ * std::size_t{rates} + static_cast<unsigned>(r)],
                         factor);
  }

  HELMHOLTZ_DEVICE void step(float factor, std::uint64_t block) {
    for (std::uint32_t row = 0; row < task_.batch; ++row) {
      draw(block, row, 0, sleep_slot() - 1);
      wake(factor);
    }
    if (task_.batch > 1) {
      for_layers_down(shape_,
                      [&](auto l) HELMHOLTZ_DEVICE_BODY { apply_deltas(shape_.generative(l)); });
    }
    if (task_.nonnegative) clamp_visible_weights();
    for (std::uint32_t row = 0; row < task_.batch; ++row) {
      draw(block, row, sleep_slot(), sleep_slot() + units() - 1);
      sleep(factor);
    }
    if (task_.batch > 1) {
      for_hidden_layers_up(
          shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY { apply_deltas(shape_.recognition(l)); });
    }
  }

  HELMHOLTZ_DEVICE void wake(float factor) {
    show_pattern();
    int slot = 1;
    for_hidden_layers_up(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
      sample(shape_.recognition(l), masks(l + 1), slot, masks(l));
      slot += shape_.size(l);
    });
    for_layers_down(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
      learn(shape_.generative(l), rate(l, factor), masks(l == 0 ? 0 : l - 1), masks(l));
    });
    group_.sync();
  }

  HELMHOLTZ_DEVICE void sleep(float factor) {
    int slot = sleep_slot() % 4;
    for_layers_down(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
      sample(shape_.generative(l), masks(l == 0 ? 0 : l - 1), slot, masks(l));
      slot += shape_.size(l);
    });
    for_hidden_layers_up(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY {
      learn(shape_.recognition(l), rate(shape_.last() + 1 + l, factor), masks(l + 1), masks(l));
    });
    group_.sync();
  }

  /// Fills the words with the blocks of a row's slots first to last, a lane a block.
  HELMHOLTZ_DEVICE void draw(std::uint64_t block, std::uint32_t row, int first, int last) const {
    group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      for (int b = first / 4 + lane; b <= last / 4; b += Group::lanes()) {
        const auto address = block + static_cast<std::uint64_t>(b);
        philox_.blocks<1>(static_cast<std::uint32_t>(address),
                          static_cast<std::uint32_t>(address >> 32U), row, 0,
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

  /// @param slot  of the first output's word
  template <class Layer>
  HELMHOLTZ_DEVICE void sample(const Layer& layer, const std::uint32_t* inputs, int slot,
                               std::uint32_t* outputs) const {
    std::uint32_t states = 0;
    for (int first = 0; first < layer.outputs; first += Group::lanes()) {
      const auto on = group_.ballot([&](int lane) HELMHOLTZ_DEVICE_BODY {
        const int j = first + lane;
        if (j >= layer.outputs) return false;
        const auto d = one_plus_exp_minus<FloatOps>(activity(layer, inputs, j));
        return fires<FloatOps>(d, memory_.words[slot + j]);
      });
      states |= on << (first % 32);
      const int next = first + Group::lanes();
      if (next % 32 != 0 && next < layer.outputs) continue;
      group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
        if (lane == 0) outputs[first / 32] = states;
      });
      states = 0;
    }
    group_.sync();
  }

  /// The delta rule, each lane for its outputs.
  template <class Layer>
  HELMHOLTZ_DEVICE void learn(const Layer& layer, float rate, const std::uint32_t* inputs,
                              const std::uint32_t* targets) const {
    for_each_output(layer, [&](int j) HELMHOLTZ_DEVICE_BODY {
      const auto p = sigmoid<FloatOps>(activity(layer, inputs, j));
      const auto target = FloatOps::bit(((targets[j / 32] >> (j % 32)) & 1U) != 0);
      const auto delta = FloatOps::mul(rate, FloatOps::error(target, p));
      float* const bias = memory_.deltas + layer.bias + j;
      *bias = FloatOps::add(*bias, delta);
      for (int first = 0; first < layer.inputs; first += 32) {
        const auto on = inputs[first / 32];
        const int count = layer.inputs - first < 32 ? layer.inputs - first : 32;
        float* const weights = memory_.deltas + layer.weights + first * layer.outputs + j;
        for (int i = 0; i < count; ++i) {
          if (((on >> i) & 1U) != 0) {
            weights[i * layer.outputs] = FloatOps::add(weights[i * layer.outputs], delta);
          }
        }
      }
    });
  }

  /// The bias first, then the inputs that are on, in partial sums of 32: a word of states each.
  template <class Layer>
  [[nodiscard]] HELMHOLTZ_DEVICE float activity(const Layer& layer, const std::uint32_t* inputs,
                                                int j) const {
    static_assert(exact::kChunk == 32);
    float total = memory_.weights[layer.bias + static_cast<std::size_t>(j)];
    for (int first = 0; first < layer.inputs; first += 32) {
      const auto on = inputs[first / 32];
      const int count = layer.inputs - first < 32 ? layer.inputs - first : 32;
      const float* const weights = memory_.weights + layer.weights + first * layer.outputs + j;
      float sum = first == 0 ? total : 0.0F;
      for (int i = 0; i < count; ++i) {
        if (((on >> i) & 1U) != 0) sum = FloatOps::add(sum, weights[i * layer.outputs]);
      }
      total = first == 0 ? sum : FloatOps::add(total, sum);
    }
    return total;
  }

  /// Adds a layer's deltas of the batch and clears them, each lane for its outputs.
  template <class Layer>
  HELMHOLTZ_DEVICE void apply_deltas(const Layer& layer) const {
    for_each_output(layer, [&](int j) HELMHOLTZ_DEVICE_BODY {
      for (int i = 0; i <= layer.inputs; ++i) {  // the biases lie behind the weights
        const auto k = layer.weights + static_cast<std::size_t>(i * layer.outputs + j);
        memory_.weights[k] = FloatOps::add(memory_.weights[k], memory_.deltas[k]);
        memory_.deltas[k] = 0;
      }
    });
  }

  [[nodiscard]] HELMHOLTZ_DEVICE auto visible_layer() const {
    if constexpr (Shape::kStatic) {
      return Shape::generative(fused::Index<Shape::kLast>());
    } else {
      return shape_.generative(shape_.last());
    }
  }

  /// W_L = max(W_L, 0)
  HELMHOLTZ_DEVICE void clamp_visible_weights() const {
    const auto layer = visible_layer();
    for_each_output(layer, [&](int j) HELMHOLTZ_DEVICE_BODY {
      for (int i = 0; i < layer.inputs; ++i) {
        float& weight =
            memory_.weights[layer.weights + static_cast<std::size_t>(i * layer.outputs + j)];
        weight = FloatOps::max(weight, 0.0F);
      }
    });
  }

  HELMHOLTZ_DEVICE void clear_deltas() const {
    for_each_parameter([&](float& weight, std::size_t) HELMHOLTZ_DEVICE_BODY {
      memory_.deltas[&weight - memory_.weights] = 0;
    });
  }

  /// body(j) for the outputs of this lane.
  template <class Layer, class Body>
  HELMHOLTZ_DEVICE void for_each_output(const Layer& layer, Body body) const {
    group_.for_each_lane([&](int lane) HELMHOLTZ_DEVICE_BODY {
      for (int j = lane; j < layer.outputs; j += Group::lanes()) body(j);
    });
  }

  /// body(weight in shared memory, its index in the order of Topology) for this lane's own.
  template <class Body>
  HELMHOLTZ_DEVICE void for_each_parameter(Body body) const {
    const auto visit = [&](const auto& layer) HELMHOLTZ_DEVICE_BODY {
      for_each_output(layer, [&](int j) HELMHOLTZ_DEVICE_BODY {
        for (int i = 0; i < layer.inputs; ++i) {
          body(memory_.weights[layer.weights + static_cast<std::size_t>(i * layer.outputs + j)],
               layer.weights + static_cast<std::size_t>(j * layer.inputs + i));
        }
        const auto bias = layer.bias + static_cast<std::size_t>(j);
        body(memory_.weights[bias], bias);
      });
    };
    for_layers_down(shape_, [&](auto l) HELMHOLTZ_DEVICE_BODY { visit(shape_.generative(l)); });
    for_hidden_layers_up(shape_,
                         [&](auto l) HELMHOLTZ_DEVICE_BODY { visit(shape_.recognition(l)); });
  }

  Shape shape_;
  const FusedTask& task_;
  std::uint32_t m_;
  std::uint32_t setting_;
  Philox philox_;
  Memory memory_;
  Group group_;
};

/// Floats of a machine's arrays. Groups that share a warp begin in different banks.
HELMHOLTZ_DEVICE_HOST std::size_t group_stride(const RuntimeShape& shape, std::uint32_t batch,
                                               int lanes) {
  const auto parameters = shape.parameters() * (batch > 1 ? 2 : 1);
  const auto floats = parameters + static_cast<std::size_t>(shape.words()) +
                      static_cast<std::size_t>(shape.mask_words());
  return (floats + 31) / 32 * 32 + static_cast<std::size_t>(lanes % 32);
}

/// Trains machine m with everything in `memory`, [group_stride].
template <class Shape, class Group>
HELMHOLTZ_DEVICE void train_in_group(const Shape& shape, const FusedTask& task, std::uint32_t m,
                                     float* memory, const Group& group) {
  const auto parameters = task.shape.parameters();
  float* const deltas = task.batch > 1 ? memory + parameters : memory;
  auto* const words = reinterpret_cast<std::uint32_t*>(deltas + parameters);
  GroupMachine<Shape, Group>(shape, task, m, {memory, deltas, words, words + task.shape.words()},
                             group)
      .train();
}

}  // namespace helmholtz::cuda
