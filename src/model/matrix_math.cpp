#include "helmholtz/matrix_math.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

constexpr std::array kNames = {std::pair{MatrixMath::fp32, std::string_view("fp32")},
                               std::pair{MatrixMath::tf32, std::string_view("tf32")},
                               std::pair{MatrixMath::bf16x3, std::string_view("bf16x3")}};

}  // namespace

MatrixMath parse_matrix_math(std::string_view text) {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(),
                                         [&](const auto& entry) { return entry.second == text; });
  if (found == kNames.end()) throw InvalidArgument("math", text, "fp32, tf32, bf16x3");
  return found->first;
}

std::string_view to_string(MatrixMath math) {
  return std::find_if(kNames.begin(), kNames.end(),
                      [&](const auto& entry) { return entry.first == math; })
      ->second;
}

}  // namespace helmholtz
