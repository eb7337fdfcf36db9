#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// A `name = value` of a configuration file, every value as text: fields read it themselves.
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

/// The same of a file; a pipe will do. @throws NoInput, IoError; BadData for what is no text
std::vector<TomlItem> read_toml_file(const std::string& path);

/// The items of a command's section, then those under no section.
/// @param others  sections that are passed over
/// @throws InvalidArgument (field "config") for another section
std::vector<TomlItem> items_of(const std::vector<TomlItem>& items, std::string_view section,
                               const std::vector<std::string>& others);

enum class TomlShape { flag, one, list };

/// An item's values as a field of that shape takes them: one text, or each of a list. One topology
/// may be `layers = [1, 6, 9]`, several are `["1,6,9", "1,8,9"]` or `[[1, 6, 9], [1, 8, 9]]`.
/// @throws InvalidArgument (the item's name)
std::vector<std::string> values_of(const TomlItem& item, TomlShape shape);

/// @throws InvalidArgument (field "config") always, with the candidate that is near
[[noreturn]] void refuse_unknown_name(const TomlItem& item,
                                      const std::vector<std::string>& candidates);

/// The sweep of a document's items, without SweepSpec::load_data; the first of a name counts.
/// @throws as SweepSpec::from_toml
SweepSpec spec_of(const std::vector<TomlItem>& items);

}  // namespace helmholtz
