#include "run/provenance.hpp"

#include <set>
#include <string>

#include "helmholtz/backends.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {

Json used_backends(const SweepSpec& spec) {
  std::set<std::string> used;
  for (const auto& kind : spec.kinds()) used.insert(spec.resolved_backend(kind));
  auto list = Json::array();
  for (const auto& info : list_backends()) {
    if (!used.contains(info.name)) continue;
    list.push_back({{"name", info.name}, {"exact", info.exact}, {"runs_on", info.detail}});
  }
  return list;
}

Json provenance(const SweepSpec& spec) {
  Json json = {{"helmholtz", HELMHOLTZ_VERSION},
               {"backends", used_backends(spec)},
               {"threads", threads_of(spec)}};
  if (!spec.devices.empty()) json["devices"] = spec.devices;
  return json;
}

}  // namespace helmholtz
