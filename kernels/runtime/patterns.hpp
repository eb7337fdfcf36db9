#pragma once

#include "kernels/runtime/float_ops.hpp"
#include "kernels/runtime/philox.hpp"
#include "kernels/runtime/step_tables.hpp"
#include "step/epoch_order.hpp"

namespace helmholtz::cuda {

/// The first k of [begin, end) that does not come `before`, by halving; `end` if all do.
template <class Before>
HELMHOLTZ_DEVICE std::uint32_t partition_point(std::uint32_t begin, std::uint32_t end,
                                               Before before) {
  while (begin < end) {
    const auto middle = begin + (end - begin) / 2;
    if (before(middle)) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

/// The pattern that a word draws: the number of thresholds <= word.
HELMHOLTZ_DEVICE std::size_t pattern_of(const PatternTable& table, std::uint32_t word) {
  return partition_point(0, table.count, [&](std::uint32_t k) HELMHOLTZ_DEVICE_BODY {
    return table.thresholds[k] <= word;
  });
}

/// The row of a data set that a machine visits in epochs, as step::EpochRows finds it.
HELMHOLTZ_DEVICE std::uint32_t visited_row(const Philox& philox, std::uint32_t rows,
                                           std::uint64_t visit) {
  const step::EpochOrder order(rows);
  const auto first_block = step::EpochOrder::first_block(order.epoch(visit));
  return order.row(visit, [&](int b, std::uint32_t* words) HELMHOLTZ_DEVICE_BODY {
    philox.block(first_block + static_cast<unsigned>(b), 0, RandomPurpose::epoch_order, words);
  });
}

/// Draws patterns of the world for one machine.
/// @tparam chain  the table is chained
template <class Shape, bool chain>
class Patterns {
 public:
  HELMHOLTZ_DEVICE Patterns(const Shape& shape, const PatternTable& table)
      : shape_(shape), table_(table) {}

  template <class Units>
  HELMHOLTZ_DEVICE void draw(std::uint32_t word, Units visible) const {
    if constexpr (chain) {
      unpack(chained(word), 0, visible);
    } else if constexpr (Shape::kStatic) {
      unpack(table_.words[pattern_of(table_, word)], 0, visible);
    } else {
      const std::uint32_t* const words =
          table_.words + pattern_of(table_, word) * table_.words_per_pattern;
      for (std::uint32_t w = 0; w < table_.words_per_pattern; ++w) {
        unpack(words[w], static_cast<int>(w) * 32, visible);
      }
    }
  }

 private:
  /// The pattern of a chained table.
  [[nodiscard]] HELMHOLTZ_DEVICE std::uint32_t chained(std::uint32_t word) const {
    auto pattern = table_.first_pattern;
    repeat<PatternTable::kChain>([&](int k) HELMHOLTZ_DEVICE_BODY {
      if (word >= table_.chain_thresholds[k]) pattern += table_.chain_increments[k];
    });
    return pattern;
  }

  /// Bits of one word into the visible units from `first` on.
  template <class Units>
  HELMHOLTZ_DEVICE void unpack(std::uint32_t word, int first, Units visible) const {
    const auto set = [&](int i) HELMHOLTZ_DEVICE_BODY {
      visible[first + i] = FloatOps::bit(((word >> i) & 1U) != 0);
    };
    if constexpr (Shape::kStatic) {
      static_assert(Shape::size(Shape::kLast) <= 32, "one word a pattern");
      repeat<Shape::size(Shape::kLast)>(set);
    } else {
      const int left = shape_.size(shape_.last()) - first;
      for (int i = 0; i < (left < 32 ? left : 32); ++i) set(i);
    }
  }

  const Shape& shape_;
  const PatternTable& table_;
};

}  // namespace helmholtz::cuda
