#include "app/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <fmt/format.h>

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

std::string json_text(const Json& json) {
  std::string line;
  const auto text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if (c == 0x7F) {
      line += "\\u007f";
    } else if (c == 0xC2 && next >= 0x80 && next < 0xA0) {  // U+0080 to U+009F
      line += fmt::format("\\u{:04x}", next);
      ++i;
    } else {
      line += text[i];
    }
  }
  return line;
}

}  // namespace helmholtz::app
