#include "helmholtz/error.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace helmholtz {

InvalidArgument::InvalidArgument(std::string_view field, std::string_view value,
                                 std::string_view allowed)
    : Error(text::printable(
          fmt::format("{}: got \"{}\"; allowed: {}", field, text::beginning(value, 80), allowed))),
      field_(field) {}

FileError::FileError(std::string_view path, std::string_view problem)
    : Error(text::printable(fmt::format("{}: {}", path, problem))) {}

}  // namespace helmholtz
