#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace helmholtz::app {

/// The long names of a command's flags, without dashes.
std::vector<std::string> flag_names(const CLI::App& command);

/// `text`, and "; did you mean X?" if a candidate is near what was written.
std::string with_suggestion(std::string text, std::string_view written,
                            const std::vector<std::string>& candidates);

}  // namespace helmholtz::app
