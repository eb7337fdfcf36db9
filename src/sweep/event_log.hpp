#pragma once

#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/descriptor.hpp"

namespace helmholtz {

using Json = nlohmann::ordered_json;

/// log.jsonl: what happened to a run, a line an event, with the time and the process. Several
/// processes append to it. Nothing that decides results is read from it.
class EventLog {
 public:
  /// @throws CannotCreate, IoError
  explicit EventLog(std::filesystem::path path);

  /// Adds time, process and host. @throws IoError
  void write(const char* event, const Json& details = Json::object()) const;

 private:
  std::filesystem::path path_;
  io::Descriptor file_;
};

/// The events of a log, without lines that a full disk cut short. Empty if there is no log.
std::vector<Json> read_events(const std::filesystem::path& path);

/// The name of this computer.
std::string host_name();

}  // namespace helmholtz
