#include <algorithm>
#include <array>

#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"
#include "worlds/worlds.hpp"

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
};

}  // namespace

std::vector<WorldInfo> list_worlds() {
  std::vector<WorldInfo> infos;
  for (const auto& entry : kWorlds) {
    infos.push_back({std::string(entry.name), std::string(entry.summary)});
  }
  return infos;
}

World make_world(std::string_view spec) {
  const auto* const entry =
      std::find_if(kWorlds.begin(), kWorlds.end(), [&](const Entry& e) { return e.name == spec; });
  if (entry == kWorlds.end()) throw InvalidArgument("world", spec, "kirby3x3");
  return entry->make();
}

}  // namespace helmholtz
