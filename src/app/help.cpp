#include "app/help.hpp"

#include "base/text.hpp"

namespace helmholtz::app {

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  for (auto line : text::split(text, '\n')) {
    auto room = width;
    while (line.size() > room) {
      const auto space = line.rfind(' ', room);
      if (space == std::string::npos || space < line.find_first_not_of(' '))
        break;  // one long word
      out.append(line.substr(0, space)).append("\n").append(indent, ' ');
      line.remove_prefix(space + 1);
      room = width - indent;
    }
    out.append(line).append("\n");
  }
  out.pop_back();
  return out;
}

HelpFormatter::HelpFormatter() {
  constexpr std::size_t kColumn = 28;  // where descriptions begin
  column_width(kColumn);
  label("SUBCOMMAND", "COMMAND");
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return wrapped(option->get_description(), kWidth - get_column_width());
}

std::string HelpFormatter::make_footer(const CLI::App* command) const {
  return wrapped(command->get_footer(), kWidth);
}

}  // namespace helmholtz::app
