#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/input_file.hpp"

namespace helmholtz {

using Json = nlohmann::ordered_json;

/// log.jsonl: what happened to a run, a line per event, with the time and the process. Several
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

/// What is read from a line of the log.
struct Event {
  std::string kind;
  pid_t process = 0;
  std::string host;
  double machines = 0;  ///< shard: trained
  double seconds = 0;   ///< shard: that they took
  int rank = 0;         ///< joined, left, lost: of several that share a sweep
  pid_t dealer = 0;     ///< joined: the process of rank 0
};

/// The events of a log, without lines that a full disk cut short or that are something else. Empty
/// if there is no log.
std::vector<Event> read_events(const std::filesystem::path& path);

/// The name of this computer.
std::string host_name();

}  // namespace helmholtz
