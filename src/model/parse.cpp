#include "model/parse.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/hyperparameters.hpp"
#include "helmholtz/matrix_math.hpp"

namespace helmholtz {

std::uint64_t parse_integer(std::string_view field, std::string_view text, std::uint64_t least,
                            std::uint64_t most) {
  const auto value = text::number<std::uint64_t>(text);
  if (!value || *value < least || *value > most) {
    throw InvalidArgument(field, text, fmt::format("a whole number from {} to {}", least, most));
  }
  return *value;
}

double parse_rate(std::string_view field, std::string_view text) {
  const auto value = text::number<double>(text);
  if (!value || !is_learning_rate(*value)) {
    throw InvalidArgument(
        field, text,
        fmt::format("a finite rate, 0 or more, that a float can hold{}",
                    text.find(',') == std::string::npos ? "" : ", with a decimal point"));
  }
  return *value + 0.0;  // -0 is 0
}

namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

void require_no_decimal_comma(std::string_view field, std::string_view text, bool zero_is_likely) {
  const auto parts = text::split(text, ',');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const auto whole = parts[i];
    const auto fraction = parts[i + 1];
    if (!is_digits(whole) || !is_digits(fraction.substr(0, fraction.find_first_of("eE")))) continue;
    const bool zero_leads =
        fraction.size() > 1 && fraction[0] == '0' && is_digits(fraction.substr(1, 1));
    if (!zero_leads && (zero_is_likely || whole != "0")) continue;
    const auto second =
        fraction.substr(std::min(fraction.find_first_not_of('0'), fraction.size() - 1));
    throw InvalidArgument(
        field, text,
        fmt::format("{0}.{1} with a decimal point, or {0}.0,{2} if \"{0},{1}\" is two values",
                    whole, fraction, second));
  }
}

namespace {

using MathName = std::pair<MatrixMath, std::string_view>;
constexpr std::array kMathNames = {MathName{MatrixMath::fp32, "fp32"},
                                   MathName{MatrixMath::tf32, "tf32"},
                                   MathName{MatrixMath::bf16x3, "bf16x3"}};

}  // namespace

MatrixMath parse_matrix_math(std::string_view text) {
  const auto* const found = std::ranges::find(kMathNames, text, &MathName::second);
  if (found == kMathNames.end()) throw InvalidArgument("math", text, "fp32, tf32, bf16x3");
  return found->first;
}

std::string_view to_string(MatrixMath math) {
  return std::ranges::find(kMathNames, math, &MathName::first)->second;
}

}  // namespace helmholtz
