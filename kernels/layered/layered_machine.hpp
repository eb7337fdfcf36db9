#pragma once

#include <type_traits>

#include "kernels/layered/layered_task.hpp"
#include "kernels/runtime/patterns.hpp"
#include "kernels/runtime/philox.hpp"

/// What the kernels of cuda-layered do to units between two matrix products, and for an evaluation:
/// the work of one thread each. What they do to learn is in layered_learning.hpp.
namespace helmholtz::cuda {

/// The nearest bfloat16 (ties to even), as bits; NaN stays NaN.
HELMHOLTZ_DEVICE std::uint16_t to_bf16(float x) {
  const auto bits = FloatOps::bits(x);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

HELMHOLTZ_DEVICE float from_bf16(std::uint16_t bits) {
  return FloatOps::floats(std::uint32_t{bits} << 16U);
}

/// x = parts[0] + parts[1] + parts[2], exactly for 2^-110 < |x| < 2^127: each part takes 8
/// significant bits of 24, and each difference is exact.
HELMHOLTZ_DEVICE void split_bf16(float x, std::uint16_t (&parts)[3]) {
  parts[0] = to_bf16(x);
  const float second = FloatOps::sub(x, from_bf16(parts[0]));
  parts[1] = to_bf16(second);
  parts[2] = to_bf16(FloatOps::sub(second, from_bf16(parts[1])));
}

/// Units and errors as floats, errors in place of the activities; column c of the unit whose column
/// 0 is at `row`.
struct FloatMemory {
  static constexpr bool kIsPadded = false;

  static HELMHOLTZ_DEVICE void set_unit(const LayeredTask& task, std::size_t row, std::uint32_t c,
                                        bool on) {
    task.units[row + c] = FloatOps::bit(on);
  }
  static HELMHOLTZ_DEVICE float unit(const LayeredTask& task, std::size_t row, std::uint32_t c) {
    return task.units[row + c];
  }
  static HELMHOLTZ_DEVICE void set_error(const LayeredTask& task, std::size_t row, std::uint32_t c,
                                         float error) {
    task.activities[row + c] = error;
  }
};

/// Units as bfloat16, three times, errors in three parts. Products that learn run over the columns
/// of all of them, and the padding between: errors are 0 there, units 0 or 1.
struct Bf16Memory {
  static constexpr bool kIsPadded = true;

  static HELMHOLTZ_DEVICE void set_unit(const LayeredTask& task, std::size_t row, std::uint32_t c,
                                        bool on) {
    for (int p = 0; p < kParts; ++p) task.units16[at(task, row, p) + c] = on ? kOne : 0;
  }
  static HELMHOLTZ_DEVICE float unit(const LayeredTask& task, std::size_t row, std::uint32_t c) {
    return FloatOps::bit(task.units16[at(task, row, 0) + c] != 0);
  }
  static HELMHOLTZ_DEVICE void set_error(const LayeredTask& task, std::size_t row, std::uint32_t c,
                                         float error) {
    std::uint16_t parts[kParts];
    split_bf16(error, parts);
    for (int p = 0; p < kParts; ++p) task.error_parts[at(task, row, p) + c] = parts[p];
  }

 private:
  static constexpr std::uint16_t kOne = 0x3F80;

  static HELMHOLTZ_DEVICE std::size_t at(const LayeredTask& task, std::size_t row, int part) {
    return kParts * row + static_cast<std::size_t>(part * task.shape.column_stride());
  }
};

/// Where column 0 of unit j in layer l of machine m lies.
HELMHOLTZ_DEVICE std::size_t unit_at(const LayeredTask& task, std::uint32_t m, int l, int j) {
  const auto& shape = task.shape;
  return m * shape.unit_elements() + shape.unit_start(l) +
         static_cast<std::size_t>(j) * static_cast<std::size_t>(shape.column_stride());
}

/// The words of block `block` of the step's slots, for one row.
HELMHOLTZ_DEVICE void draw_words(const LayeredTask& task, std::uint32_t m, std::uint32_t block,
                                 std::uint32_t row, std::uint32_t (&words)[4]) {
  Philox(task.seeds[m]).block(task.clock->first_block + block, row, RandomPurpose::training, words);
}

/// The pattern that column c draws, which all of its row's particles share.
HELMHOLTZ_DEVICE std::size_t drawn_pattern(const LayeredTask& task, std::uint32_t m,
                                           std::uint32_t c) {
  std::uint32_t words[4];
  draw_words(task, m, 0, c - c % task.particles, words);
  return pattern_of(task.patterns, words[0]);
}

/// The visit of column c.
HELMHOLTZ_DEVICE std::uint64_t visit_of(const LayeredTask& task, std::uint32_t c) {
  const auto batch = static_cast<std::uint32_t>(task.shape.columns()) / task.particles;
  const auto step = task.clock->first_block / static_cast<unsigned>(task.shape.blocks_per_step());
  return step * batch + c / task.particles;
}

/// How patterns are found.
enum class Visits {
  drawn,   ///< each by a word
  epochs,  ///< rows of a data set, one after the other
  grey,    ///< drawn or in epochs; the visit draws the row's bits
};

/// body(visits), a constant, with those of a task.
template <class Body>
void with_visits(const LayeredTask& task, Body body) {
  if (task.patterns.grey != nullptr) {
    body(std::integral_constant<Visits, Visits::grey>());
  } else if (task.epoch_rows > 0) {
    body(std::integral_constant<Visits, Visits::epochs>());
  } else {
    body(std::integral_constant<Visits, Visits::drawn>());
  }
}

/// Word w of the pattern of column c.
template <Visits visits>
HELMHOLTZ_DEVICE std::uint32_t pattern_word(const LayeredTask& task, std::uint32_t m,
                                            std::uint32_t c, std::uint32_t w) {
  const bool in_epochs =
      visits == Visits::epochs || (visits == Visits::grey && task.epoch_rows > 0);
  const auto row = in_epochs
                       ? visited_row(Philox(task.seeds[m]), task.epoch_rows, visit_of(task, c))
                       : drawn_pattern(task, m, c);
  if constexpr (visits == Visits::grey) {
    return drawn_word(task.patterns, task.shape.visible().outputs, Philox(task.seeds[m]), row,
                      visit_of(task, c), w);
  }
  return task.patterns.words[row * task.patterns.words_per_pattern + w];
}

/// The visible units of column c, from 32 * word on, show a pattern.
/// @param item  word * columns + c
template <class Memory, Visits visits>
HELMHOLTZ_DEVICE void draw_pattern(const LayeredTask& task, std::uint32_t m, std::uint32_t item) {
  const auto columns = static_cast<std::uint32_t>(task.shape.columns());
  const auto word = item / columns;
  const auto c = item % columns;
  const auto bits = pattern_word<visits>(task, m, c, word);
  const auto& visible = task.shape.visible();
  const int first = static_cast<int>(word) * 32;
  const int count = visible.outputs - first < 32 ? visible.outputs - first : 32;
  auto row = unit_at(task, m, visible.index, first);
  for (int i = 0; i < count; ++i) {
    Memory::set_unit(task, row, c, ((bits >> i) & 1U) != 0);
    row += static_cast<std::size_t>(task.shape.column_stride());
  }
}

/// Philox blocks that a layer's draws lie in, and the first of them.
HELMHOLTZ_DEVICE_HOST std::uint32_t first_block(const LayeredLayer& layer) {
  return static_cast<std::uint32_t>(layer.slot) / 4;
}
HELMHOLTZ_DEVICE_HOST std::uint32_t blocks_of(const LayeredLayer& layer) {
  return static_cast<std::uint32_t>(layer.slot + layer.outputs - 1) / 4 - first_block(layer) + 1;
}

/// Activities become units, for one column and the units that draw from one Philox block.
/// @param item  block * columns + c, where block 0 is the layer's first
template <class Memory>
HELMHOLTZ_DEVICE void sample(const LayeredTask& task, const LayeredLayer& layer, std::uint32_t m,
                             std::uint32_t item) {
  const auto columns = static_cast<std::uint32_t>(task.shape.columns());
  const auto block = first_block(layer) + item / columns;
  const auto c = item % columns;
  std::uint32_t words[4];
  draw_words(task, m, block, task.row(c), words);
  const float* const bias = task.parameters + m * task.shape.floats() + layer.bias;
  const int first = 4 * static_cast<int>(block) - layer.slot;  // unit that takes words[0]
  repeat<4>([&](int i) HELMHOLTZ_DEVICE_BODY {
    const int j = first + i;
    if (j < 0 || j >= layer.outputs) return;
    const auto row = unit_at(task, m, layer.index, j);
    const float fed = layer.inputs > 0 ? task.activities[row + c] : 0.0F;
    const float activity = FloatOps::add(fed, bias[j]);
    Memory::set_unit(task, row, c,
                     fires<FloatOps>(one_plus_exp_minus<FloatOps>(activity), words[i]));
  });
}

/// Parameter k of the order of files.
HELMHOLTZ_DEVICE void gather_parameter(const GatherTask& task, std::uint32_t m, std::uint32_t k) {
  task.out[m * std::size_t{task.shape.parameters()} + k] =
      task.parameters[m * task.shape.floats() + task.shape.run_from(k).begin];
}

/// On to the next step.
HELMHOLTZ_DEVICE void advance(const LayeredTask& task) {
  task.clock->first_block += static_cast<std::uint64_t>(task.shape.blocks_per_step());
  ++task.clock->step;
}

}  // namespace helmholtz::cuda
