#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace helmholtz::app {

using Json = nlohmann::ordered_json;

/// One line of --json output: numbers with all their digits; NaN and infinity are null; a name that
/// is no UTF-8 is mended.
inline std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace helmholtz::app
