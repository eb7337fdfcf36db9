#pragma once

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
  EpochRows(std::uint64_t seed, std::size_t rows) : seed_(seed), rows_(rows), order_(rows) {}

  /// The row of a visit: a pure function of the seed and the visit, whatever was asked before.
  /// @param visit  step * batch + batch row; its epoch is visit / rows
  std::size_t row(std::uint64_t visit) {
    if (visit / rows_ != epoch_) draw_keys(visit / rows_);
    return order_.row(static_cast<std::uint32_t>(visit % rows_), keys_.data());
  }

 private:
  void draw_keys(std::uint64_t epoch) {
    const RandomStream stream{.seed = seed_, .purpose = RandomPurpose::epoch_order};
    for (std::size_t i = 0; i < keys_.size(); i += 4) {
      const auto words = random_block(stream, epoch * EpochOrder::kBlocks + i / 4);
      for (std::size_t w = 0; w < 4; ++w) keys_[i + w] = words[w];
    }
    epoch_ = epoch;
  }

  std::uint64_t seed_;
  std::uint64_t rows_;
  EpochOrder order_;
  std::uint64_t epoch_ = ~std::uint64_t{0};  ///< whose keys are there; none yet
  std::array<std::uint32_t, EpochOrder::kRounds> keys_{};
};

}  // namespace helmholtz::step
