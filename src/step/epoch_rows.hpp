#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "helmholtz/random.hpp"
#include "step/epoch_order.hpp"

namespace helmholtz::step {

/// The rows that a machine visits in epochs: each row once per epoch, in an order of its own for
/// every seed and epoch.
class EpochRows {
 public:
  EpochRows(std::uint64_t seed, std::size_t rows) : seed_(seed), order_(rows) {}

  /// The row of a visit: a pure function of the seed and the visit, whatever was asked before.
  std::size_t row(std::uint64_t visit) {
    if (order_.epoch(visit) != epoch_) draw_keys(order_.epoch(visit));
    return order_.row(visit, [this](int b, std::uint32_t* words) {
      std::copy_n(keys_.data() + std::ptrdiff_t{4} * b, 4, words);
    });
  }

 private:
  void draw_keys(std::uint64_t epoch) {
    const RandomStream stream{.seed = seed_, .purpose = RandomPurpose::epoch_order};
    for (std::size_t i = 0; i < keys_.size(); i += 4) {
      const auto words = random_block(stream, EpochOrder::first_block(epoch) + i / 4);
      for (std::size_t w = 0; w < 4; ++w) keys_[i + w] = words[w];
    }
    epoch_ = epoch;
  }

  std::uint64_t seed_;
  EpochOrder order_;
  std::uint64_t epoch_ = ~std::uint64_t{0};  ///< whose keys are there; none yet
  std::array<std::uint32_t, EpochOrder::kRounds> keys_{};
};

}  // namespace helmholtz::step
