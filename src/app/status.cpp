#include <algorithm>
#include <map>
#include <set>

#include "app/commands.hpp"
#include "base/input_file.hpp"
#include "report/numbers.hpp"
#include "run/event_log.hpp"
#include "run/lock_file.hpp"
#include "run/run_folder.hpp"

namespace helmholtz::app {

namespace {

struct StatusFlags : RunArgument {
  explicit StatusFlags(CLI::App& command) : RunArgument(command) {
    add_output_flags(command, output);
  }

  OutputOptions output;
};

/// One of several processes that share the shards of a part.
struct WritingRank {
  int rank = 0;
  pid_t process = 0;
  std::string host;
  std::optional<double> rate = {};  ///< machine-steps per second, once a shard is done
};

struct WritingProcess {
  ShardRange shards;
  pid_t process = 0;
  std::string host = "another host";
  std::optional<double> rate = {};
  std::vector<WritingRank> ranks = {};  ///< that it deals to
};

struct Status {
  std::uint64_t shards = 0;    ///< done
  std::uint64_t machines = 0;  ///< done
  std::vector<std::uint64_t> bad;
  std::vector<WritingProcess> writers;
  bool finished = false;
  double rate = 0;                          ///< machine-steps per second, of all writers and ranks
  std::optional<double> seconds_left = {};  ///< while they write
};

/// Machine-steps per second in the last shards that a process has written since it began.
std::optional<double> rate_of(const std::vector<Event>& events, std::uint64_t steps, pid_t process,
                              const std::string& host) {
  constexpr int kShards = 8;
  int shards = 0;
  double machines = 0;
  double seconds = 0;
  // Clang 14 cannot compile views::reverse.
  for (auto i = events.size(); i-- > 0;) {
    const auto& event = events[i];
    if (event.process != process || event.host != host) continue;
    if (event.kind == "started" || event.kind == "joined" || shards == kShards) break;
    if (event.kind != "shard") continue;
    ++shards;
    machines += event.machines;
    seconds += event.seconds;
  }
  if (seconds <= 0) return std::nullopt;
  return machines * static_cast<double>(steps) / seconds;
}

/// What the log says of a writer, and of the ranks that it has dealt to since it started. A rank
/// that was lost is back as soon as it writes a shard.
void look_up(const std::vector<Event>& events, std::uint64_t steps, WritingProcess& writer) {
  std::map<int, WritingRank> ranks;
  std::set<int> lost;
  for (const auto& event : events) {
    if (event.process == writer.process) writer.host = event.host;
    if (event.kind == "started" && event.process == writer.process) ranks.clear();
    if (event.kind == "joined" && event.dealer == writer.process) {
      ranks[event.rank] = {.rank = event.rank, .process = event.process, .host = event.host};
    }
    if (event.kind == "lost" && event.dealer == writer.process) lost.insert(event.rank);
    const auto own = std::ranges::find_if(ranks, [&](const auto& entry) {
      return entry.second.process == event.process && entry.second.host == event.host;
    });
    if (own == ranks.end()) continue;
    if (event.kind == "joined" || event.kind == "shard") lost.erase(own->first);
    if (event.kind == "left") ranks.erase(own);
  }
  std::erase_if(ranks, [&](const auto& entry) { return lost.contains(entry.first); });
  writer.rate = rate_of(events, steps, writer.process, writer.host);
  for (auto& [number, rank] : ranks) {
    rank.rate = rate_of(events, steps, rank.process, rank.host);
    writer.ranks.push_back(rank);
  }
}

std::vector<WritingProcess> writers_of(const Run& run) {
  std::vector<WritingProcess> writers;
  if (!io::is_there(RunFiles(run.path()).lock)) return writers;  // e.g. a copy without it
  const auto events = read_events(RunFiles(run.path()).log);
  const LockFile lock(RunFiles(run.path()).lock, LockFile::Access::read);
  for (const auto& holder : lock.holders({.first = 0, .count = run.files().shards()})) {
    auto& writer = writers.emplace_back(WritingProcess{holder.range, holder.process});
    look_up(events, run.spec().steps, writer);
  }
  return writers;
}

Status status_of(const Run& run) {
  Status status;
  for (std::uint64_t i = 0; i < run.files().shards(); ++i) {
    const auto state = run.files().state(i);
    if (state == ShardFiles::State::bad) status.bad.push_back(i);
    if (state != ShardFiles::State::done) continue;
    ++status.shards;
    status.machines += run.files().machines(i);
  }
  status.writers = writers_of(run);
  status.finished =
      status.shards == run.files().shards() && io::is_there(RunFiles(run.path()).summary);
  for (const auto& writer : status.writers) {
    status.rate += writer.rate.value_or(0);
    for (const auto& rank : writer.ranks) status.rate += rank.rate.value_or(0);
  }
  if (status.rate > 0) {
    status.seconds_left = static_cast<double>(run.spec().machines() - status.machines) *
                          static_cast<double>(run.spec().steps) / status.rate;
  }
  return status;
}

Json status_json(const Run& run, const Status& status) {
  auto writers = Json::array();
  for (const auto& writer : status.writers) {
    auto ranks = Json::array();
    for (const auto& rank : writer.ranks) {
      ranks.push_back({{"rank", rank.rank},
                       {"process", rank.process},
                       {"host", rank.host},
                       {"machine_steps_per_second", json_or_null(rank.rate)}});
    }
    writers.push_back({{"process", writer.process},
                       {"host", writer.host},
                       {"shards", {writer.shards.first, writer.shards.first + writer.shards.count}},
                       {"machine_steps_per_second", json_or_null(writer.rate)},
                       {"ranks", ranks}});
  }
  return {{"machines", run.spec().machines()},
          {"machines_done", status.machines},
          {"shards", run.files().shards()},
          {"shards_done", status.shards},
          {"shards_bad", status.bad},
          {"finished", status.finished},
          {"writers", writers},
          {"machine_steps_per_second", status.rate},
          {"seconds_left", json_or_null(status.seconds_left)}};
}

std::string rate_text(const std::optional<double>& rate) {
  return rate ? fmt::format(", {} machine-steps/s", report::scaled(*rate)) : "";
}

void print_status(const Run& run, const Status& status) {
  print("{}: {} of {} in {} of {}{}\n", shown(run.path()), report::grouped(status.machines),
        report::counted(run.spec().machines(), "machine"), report::grouped(status.shards),
        report::counted(run.files().shards(), "shard"), status.finished ? ", finished" : "");
  for (const auto i : status.bad) {
    print("{}: bad; the next sweep renames it to NAME.bad-1 and trains it again\n",
          shown(run.files().path(i)));
  }
  for (const auto& writer : status.writers) {
    print("process {} on {} writes shards [{}, {}){}{}\n", writer.process, writer.host,
          writer.shards.first, writer.shards.first + writer.shards.count,
          writer.ranks.empty() ? "" : fmt::format(" with {} other ranks", writer.ranks.size()),
          rate_text(writer.rate));
    for (const auto& rank : writer.ranks) {
      print("rank {}: process {} on {}{}\n", rank.rank, rank.process, rank.host,
            rate_text(rank.rate));
    }
  }
  if (status.finished) return;
  if (status.writers.empty()) print("no process writes; the sweep command resumes it\n");
  if (status.seconds_left) print("about {} left\n", report::clock(*status.seconds_left));
}

ExitCode status(const StatusFlags& flags) {
  const auto run = flags.open();
  const auto now = status_of(run);
  if (flags.output.json) {
    print_json(status_json(run, now));
  } else {
    print_status(run, now);
  }
  return ExitCode::ok;
}

}  // namespace

Command add_status(CLI::App& program) {
  return make_command(program,
                      {.name = "status",
                       .summary = "show a sweep's progress, and which processes write it",
                       .footer = "Example:\n  helmholtz status runs/a\n"},
                      status);
}

}  // namespace helmholtz::app
