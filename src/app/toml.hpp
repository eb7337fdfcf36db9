#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace helmholtz::app {

/// A `name = value` of a configuration file, every value as text: flags read it themselves.
struct TomlItem {
  std::string section;              ///< "", "train", "train.more"
  std::string name;                 ///< without quotes
  std::vector<std::string> values;  ///< of a list, or one; a list within joined by commas
  bool has_lists = false;           ///< whether some of the values are lists
};

/// What a TOML 1.0 document holds, section by section.
/// @param path  of the file, for messages
/// @throws BadData naming the line, also for dates, tables in lists, and lists three deep
std::vector<TomlItem> read_toml(std::string_view text, const std::string& path);

}  // namespace helmholtz::app
