#include "helmholtz/error.hpp"

#include <fmt/format.h>

namespace helmholtz {

namespace {

/// Without control characters: a message stays one readable line.
std::string printable(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return line;
}

/// A value of any length and content.
std::string shown(std::string_view value) {
  constexpr std::size_t kLongest = 80;
  auto text = printable(value.substr(0, kLongest));
  if (value.size() > kLongest) text += "…";
  return text;
}

std::string about_file(std::string_view path, std::string_view problem) {
  return fmt::format("{}: {}", printable(path), printable(problem));
}

}  // namespace

InvalidArgument::InvalidArgument(std::string_view field, std::string_view value,
                                 std::string_view allowed)
    : Error(ExitCode::usage,
            fmt::format("{}: got \"{}\"; allowed: {}", field, shown(value), allowed)),
      field_(field) {}

BadData::BadData(std::string_view path, std::string_view problem)
    : Error(ExitCode::bad_data, about_file(path, problem)) {}

NoInput::NoInput(std::string_view path, std::string_view problem)
    : Error(ExitCode::no_input, about_file(path, problem)) {}

CannotCreate::CannotCreate(std::string_view path, std::string_view problem)
    : Error(ExitCode::cannot_create, about_file(path, problem)) {}

IoError::IoError(std::string_view path, std::string_view problem)
    : Error(ExitCode::io, about_file(path, problem)) {}

}  // namespace helmholtz
