#include "helmholtz/error.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace helmholtz {

namespace {

/// A value of any length and content.
std::string shown(std::string_view value) {
  constexpr std::size_t kLongest = 80;
  if (value.size() <= kLongest) return std::string(value);
  auto end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80) --end;  // in UTF-8
  return fmt::format("{}…", value.substr(0, end));
}

std::string about_file(std::string_view path, std::string_view problem) {
  return text::printable(fmt::format("{}: {}", path, problem));
}

}  // namespace

InvalidArgument::InvalidArgument(std::string_view field, std::string_view value,
                                 std::string_view allowed)
    : Error(text::printable(
          fmt::format("{}: got \"{}\"; allowed: {}", field, shown(value), allowed))),
      field_(field) {}

BadData::BadData(std::string_view path, std::string_view problem)
    : Error(about_file(path, problem)) {}

NoInput::NoInput(std::string_view path, std::string_view problem)
    : Error(about_file(path, problem)) {}

CannotCreate::CannotCreate(std::string_view path, std::string_view problem)
    : Error(about_file(path, problem)) {}

IoError::IoError(std::string_view path, std::string_view problem)
    : Error(about_file(path, problem)) {}

}  // namespace helmholtz
