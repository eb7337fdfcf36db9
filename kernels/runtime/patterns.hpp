#pragma once

#include "kernels/runtime/float_ops.hpp"
#include "kernels/runtime/philox.hpp"
#include "kernels/runtime/step_tables.hpp"
#include "model/data/grey.hpp"
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

/// Word w of a grey row as a machine draws it at a visit. @param units  visible ones
HELMHOLTZ_DEVICE std::uint32_t drawn_word(const PatternTable& table, int units,
                                          const Philox& philox, std::size_t row,
                                          std::uint64_t visit, std::uint32_t w) {
  const auto* const grey = table.grey + row * static_cast<std::size_t>(units);
  const auto blocks = [&](std::uint64_t number, std::uint32_t* words) HELMHOLTZ_DEVICE_BODY {
    philox.block(number, 0, RandomPurpose::binarisation, words);
  };
  return drawn_grey_word(grey, units, visit, static_cast<int>(w), blocks);
}

}  // namespace helmholtz::cuda
