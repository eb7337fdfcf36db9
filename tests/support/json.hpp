#pragma once

#include <nlohmann/json.hpp>

namespace helmholtz::testing {

using Json = nlohmann::json;

}  // namespace helmholtz::testing
