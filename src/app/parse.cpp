#include "app/parse.hpp"

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "helmholtz/hyperparameters.hpp"
#include "model/text.hpp"

namespace helmholtz::app {

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
    throw InvalidArgument(field, text, "a finite rate, 0 or more, that a float can hold");
  }
  return *value;
}

void require_file_name(std::string_view field, const std::optional<std::string>& name) {
  if (name && name->empty()) throw InvalidArgument(field, *name, "the name of a file");
}

}  // namespace helmholtz::app
