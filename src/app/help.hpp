#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace helmholtz::app {

/// The text with each of its lines broken at spaces so that none is longer than `width`, where
/// words allow; what follows a break begins with `indent` spaces.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0);

/// --help in 80 columns: descriptions and footers are given without line breaks of their own.
class HelpFormatter : public CLI::Formatter {
 public:
  static constexpr std::size_t kWidth = 80;

  HelpFormatter();
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_footer(const CLI::App* command) const override;
};

}  // namespace helmholtz::app
