#include "app/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/text.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::app {

void print_bytes(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw IoError("standard output", std::strerror(errno));
  }
}

void print(std::string_view text) { print_bytes(text::printable(text, '\n')); }

void print_line(std::string_view text) { print(std::string(text) + '\n'); }

void note(std::string_view text) {
  const auto line = text::printable(text) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);  // nowhere left to report a failure
}

std::string shown(const std::filesystem::path& path) { return text::printable(path.string()); }

}  // namespace helmholtz::app
