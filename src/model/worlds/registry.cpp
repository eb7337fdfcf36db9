#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"
#include "model/worlds/worlds.hpp"

namespace helmholtz {

namespace {

/// One world: to add another, add a file and a line to kWorlds.
struct Entry {
  std::string_view name;
  std::string_view summary;
  World (*make)();
};

constexpr std::array kWorlds = {
    Entry{"kirby3x3",
          "vertical and horizontal lines in a 3x3 image, vertical ones twice as often "
          "(Kirby 2006)",
          worlds::kirby3x3},
    Entry{"bars4x4",
          "vertical or horizontal bars in a 4x4 image, each on by itself "
          "(Hinton, Dayan, Frey & Neal 1995)",
          worlds::bars4x4},
    Entry{"shifter",
          "a row of 8 random pixels above itself shifted by one, in a 4x8 image "
          "(Dayan, Hinton, Neal & Zemel 1995)",
          worlds::shifter},
};

constexpr std::string_view kFilePrefix = "file:";
constexpr std::string_view kFileName = "file:PATH";
constexpr std::string_view kFileSummary =
    "the patterns of a text file: a line of 0/1 each, with a weight after | or a tab if not 1";

[[noreturn]] void throw_unknown(std::string_view spec) {
  std::vector<std::string_view> names;
  for (const auto& entry : kWorlds) names.push_back(entry.name);
  names.push_back(kFileName);
  auto allowed = fmt::format("{}", fmt::join(names, ", "));
  if (const auto near = text::closest(spec, names)) {
    allowed += fmt::format("; did you mean {}?", *near);
  }
  throw InvalidArgument("world", spec, allowed);
}

}  // namespace

std::vector<WorldInfo> list_worlds() {
  std::vector<WorldInfo> infos;
  for (const auto& entry : kWorlds) {
    infos.push_back({std::string(entry.name), std::string(entry.summary)});
  }
  infos.push_back({std::string(kFileName), std::string(kFileSummary)});
  return infos;
}

World make_world(std::string_view spec) {
  if (spec.starts_with(kFilePrefix) && spec.size() > kFilePrefix.size()) {
    return worlds::pattern_file(spec.substr(kFilePrefix.size()));
  }
  const auto* const entry =
      std::find_if(kWorlds.begin(), kWorlds.end(), [&](const Entry& e) { return e.name == spec; });
  if (entry == kWorlds.end()) throw_unknown(spec);
  return entry->make();
}

}  // namespace helmholtz
