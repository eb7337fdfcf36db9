#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "helmholtz/dataset.hpp"

namespace helmholtz::testing {

/// Random rows of bits, of which the last repeats the first.
inline std::shared_ptr<const Dataset> random_data(int units, std::size_t rows) {
  std::mt19937 engine(11);
  const auto stride = packed_words(units);
  std::vector<std::uint32_t> words(rows * stride);
  const auto behind = units % 32 == 0 ? 0U : ~std::uint32_t{0} << (units % 32);
  for (std::size_t w = 0; w < words.size(); ++w) {
    words[w] = static_cast<std::uint32_t>(engine()) & (w % stride == stride - 1 ? ~behind : ~0U);
  }
  for (std::size_t w = 0; w < stride; ++w) words[words.size() - stride + w] = words[w];
  return std::make_shared<const Dataset>(
      Dataset{.name = "random", .train = Rows(units, std::move(words))});
}

/// Random grey rows, k/255 each.
inline std::shared_ptr<const Dataset> grey_data(int units, std::size_t rows) {
  std::mt19937 engine(5);
  std::vector<std::uint8_t> grey(rows * static_cast<std::size_t>(units));
  for (auto& k : grey) k = static_cast<std::uint8_t>(engine());
  return std::make_shared<const Dataset>(
      Dataset{.name = "grey", .train = Rows(units, std::move(grey))});
}

}  // namespace helmholtz::testing
