#include "helmholtz/error.hpp"

#include <fmt/format.h>

namespace helmholtz {

namespace {

/// A message stays one readable line whatever the value was.
std::string shown(std::string_view value) {
  constexpr std::size_t kLongest = 80;
  std::string text;
  for (const char c : value.substr(0, kLongest)) {
    text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  if (value.size() > kLongest) text += "…";
  return text;
}

}  // namespace

InvalidArgument::InvalidArgument(std::string_view field, std::string_view value,
                                 std::string_view allowed)
    : Error(ExitCode::usage,
            fmt::format("{}: got \"{}\"; allowed: {}", field, shown(value), allowed)),
      field_(field) {}

BadData::BadData(std::string_view path, std::string_view problem)
    : Error(ExitCode::bad_data, fmt::format("{}: {}", path, problem)) {}

NoInput::NoInput(std::string_view path, std::string_view problem)
    : Error(ExitCode::no_input, fmt::format("{}: {}", path, problem)) {}

CannotCreate::CannotCreate(std::string_view path, std::string_view problem)
    : Error(ExitCode::cannot_create, fmt::format("{}: {}", path, problem)) {}

IoError::IoError(std::string_view path, std::string_view problem)
    : Error(ExitCode::io, fmt::format("{}: {}", path, problem)) {}

}  // namespace helmholtz
