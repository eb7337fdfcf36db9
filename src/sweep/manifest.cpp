#include "sweep/manifest.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <hdf5.h>
#include <nlohmann/json.hpp>

#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

#ifdef __clang__
constexpr const char* kCompiler = __VERSION__;  // begins with Clang's name
#else
constexpr const char* kCompiler = "GCC " __VERSION__;
#endif

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

Json backends(const SweepSpec& spec) {
  std::set<std::string> used;
  for (const auto& kind : spec.kinds()) used.insert(spec.resolved_backend(kind));
  auto list = Json::array();
  for (const auto& info : list_backends()) {
    if (!used.contains(info.name)) continue;
    list.push_back({{"name", info.name}, {"exact", info.exact}, {"runs_on", info.detail}});
  }
  return list;
}

}  // namespace

std::string manifest_text(const SweepSpec& spec) {
  const auto settings = settings_of(spec);
  auto named = Json::object();
  for (const auto& [name, value] : settings) named[name] = value;
  const Json json = {
      {"schema", kSchema},
      {"helmholtz", HELMHOLTZ_VERSION},
      {"compiler", kCompiler},
      {"hdf5", H5_VERS_INFO},
      {"cpu", cpu_model()},
      {"backends", backends(spec)},
      {"random", "Philox4x32-10, addressed by seed, purpose, row, step and slot"},
      {"machines_a_shard", spec.shard_machines()},
      {"configuration_hash", fmt::format("{:016x}", configuration_hash(settings))},
      {"settings", named},
  };
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

Manifest read_manifest(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw NoInput(path.string(), std::strerror(errno));
  const auto json = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  try {
    if (json.at("schema") != kSchema) {
      throw BadData(path.string(),
                    fmt::format("has another schema; this program reads {}", kSchema));
    }
    Manifest manifest;
    for (const auto& [name, value] : json.at("settings").items()) {
      manifest.settings.emplace_back(name, value.get<std::string>());
    }
    manifest.configuration_hash =
        std::stoull(json.at("configuration_hash").get<std::string>(), nullptr, 16);
    if (manifest.configuration_hash != configuration_hash(manifest.settings)) {
      throw BadData(path.string(), "holds other settings than those of its configuration hash");
    }
    return manifest;
  } catch (const Json::exception&) {
    throw BadData(path.string(), "is damaged");
  } catch (const std::logic_error&) {
    throw BadData(path.string(), "holds no configuration hash");
  }
}

}  // namespace helmholtz
