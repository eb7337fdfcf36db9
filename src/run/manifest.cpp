#include "run/manifest.hpp"

#include <fstream>
#include <set>
#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <hdf5.h>

#include "backends/registry.hpp"
#include "base/input_file.hpp"
#include "helmholtz/error.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {

namespace {

/// Schema 1 was written when a shard had other sizes; its machines_a_shard holds for it.
constexpr int kSchema = 2;
constexpr int kOldestSchema = 1;

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

/// The backends that train a sweep here: name, whether of the exact class, and what each runs on
/// (the instruction set or the devices).
Json used_backends(const SweepSpec& spec) {
  std::set<std::string> used;
  for (const auto& kind : spec.kinds()) used.insert(spec.resolved_backend(kind));
  auto list = Json::array();
  for (const auto& name : used) {
    const auto info = find_backend(name).info();
    list.push_back({{"name", info.name}, {"exact", info.exact}, {"runs_on", info.detail}});
  }
  return list;
}

}  // namespace

Json provenance(const SweepSpec& spec) {
  Json json = {{"helmholtz", HELMHOLTZ_VERSION},
               {"backends", used_backends(spec)},
               {"threads", threads_of(spec)}};
  if (!spec.devices.empty()) json["devices"] = spec.devices;
  return json;
}

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
      {"backends", used_backends(spec)},
      {"random", "Philox4x32-10, addressed by seed, purpose, row, step and slot"},
      {"machines_a_shard", spec.shard_machines()},
      {"configuration_hash", fmt::format("{:016x}", configuration_hash(settings))},
      {"settings", named},
  };
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

namespace {

/// @throws nlohmann::json::exception, std::logic_error for what is no manifest
Manifest parse_manifest(const std::string& path, const std::string& text) {
  constexpr std::uint64_t kMostMachines = std::uint64_t{1} << 20U;  // no shard holds so many
  const auto json = Json::parse(text);
  const auto schema = json.at("schema").get<int>();
  if (schema < kOldestSchema || schema > kSchema) {
    throw BadData(path, fmt::format("has schema {}; this program reads {} to {}", schema,
                                    kOldestSchema, kSchema));
  }
  Manifest manifest;
  for (const auto& [name, value] : json.at("settings").items()) {
    manifest.settings.emplace_back(name, value.get<std::string>());
  }
  manifest.configuration_hash =
      std::stoull(json.at("configuration_hash").get<std::string>(), nullptr, 16);
  if (manifest.configuration_hash != configuration_hash(manifest.settings)) {
    throw BadData(path, "holds other settings than those of its configuration hash");
  }
  manifest.shard_machines = json.at("machines_a_shard").get<std::uint64_t>();
  if (manifest.shard_machines < 1 || manifest.shard_machines > kMostMachines) {
    throw BadData(path, fmt::format("machines_a_shard: got {}; allowed: 1 to {}",
                                    manifest.shard_machines, kMostMachines));
  }
  return manifest;
}

}  // namespace

Manifest read_manifest(const std::filesystem::path& path) {
  const auto text = io::read_file(path);
  try {
    return parse_manifest(path.string(), text);
  } catch (const Json::exception&) {
    throw BadData(path.string(), "is damaged");
  } catch (const std::logic_error&) {
    throw BadData(path.string(), "holds no configuration hash");
  }
}

}  // namespace helmholtz
