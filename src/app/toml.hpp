#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace helmholtz::app {

/// A line `name = value` of a configuration file, every value as text: flags read it themselves.
struct TomlItem {
  std::string section;              ///< "", "train", "train.more"
  std::string name;                 ///< without quotes
  std::vector<std::string> values;  ///< of a list, or one; a list within joined by commas
  bool has_lists = false;           ///< whether some of the values are lists
};

/// The part of TOML that flags need, in the order of the lines: sections, comments, strings in
/// either quotes, numbers, true and false, lists over several lines, and lists within them. Beyond
/// TOML a value may go without quotes, up to a comment, and be a list without brackets.
/// Time and memory grow with the length of the text alone.
/// @param path  of the file, for messages
/// @throws BadData naming the line, also for a name that stands there twice
std::vector<TomlItem> read_toml(std::string_view text, std::string_view path);

}  // namespace helmholtz::app
