#include "report/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace helmholtz::report {

bool is_terminal(std::FILE* stream) {
  const char* term = std::getenv("TERM");
  return isatty(fileno(stream)) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

int terminal_columns(std::FILE* stream) {
  constexpr int kUsual = 80;
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

bool use_color(std::FILE* stream, bool no_color) {
  const char* variable = std::getenv("NO_COLOR");
  const bool unwanted = no_color || (variable != nullptr && *variable != '\0');
  return !unwanted && is_terminal(stream);
}

}  // namespace helmholtz::report
