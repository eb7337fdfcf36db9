#pragma once

#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace helmholtz::app {

using Json = nlohmann::ordered_json;

/// One line of --json output: numbers with all their digits; NaN and infinity are null; a name that
/// is no UTF-8 is mended. Control characters are escaped, also those that JSON would allow.
inline std::string json_text(const Json& json) {
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
