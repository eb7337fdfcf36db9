#include "run/event_log.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/atomic_file.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

std::string now() {
  const auto time = std::chrono::system_clock::now();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                     milliseconds % 1000);
}

std::optional<Event> event_of(const std::string& line) {
  try {
    const auto json = Json::parse(line);
    return Event{.kind = json.at("event").get<std::string>(),
                 .process = json.at("process").get<pid_t>(),
                 .host = json.at("host").get<std::string>(),
                 .machines = json.value("machines", 0.0),
                 .seconds = json.value("seconds", 0.0),
                 .rank = json.value("rank", 0),
                 .dealer = json.value("dealer", 0)};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

EventLog::EventLog(std::filesystem::path path)
    : path_(std::move(path)), file_(path_, O_WRONLY | O_CREAT | O_APPEND) {
  if (!file_.is_open()) io::throw_not_created(path_, errno);
}

void EventLog::write(const char* event, const Json& details) const {
  Json json = {{"time", now()}, {"event", event}, {"process", getpid()}, {"host", host_name()}};
  json.update(details);
  const auto line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  // One write, so that lines of several processes do not mix.
  const auto written = ::write(file_.get(), line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return;
  const int error = written < 0 ? errno : ENOSPC;
  if (written > 0) static_cast<void>(::write(file_.get(), "\n", 1) == 1);
  throw IoError(path_.string(), std::strerror(error));
}

std::vector<Event> read_events(const std::filesystem::path& path) {
  std::vector<Event> events;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (auto event = event_of(line)) events.push_back(std::move(*event));
  }
  return events;
}

}  // namespace helmholtz
