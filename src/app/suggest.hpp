#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace helmholtz::app {

/// The long names of a command's flags, without dashes.
std::vector<std::string> flag_names(const CLI::App& command);

}  // namespace helmholtz::app
