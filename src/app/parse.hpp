#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/parse.hpp"

namespace helmholtz::app {

/// @throws InvalidArgument if a file's name is given and empty
void require_file_name(std::string_view field, const std::optional<std::string>& name);

}  // namespace helmholtz::app
