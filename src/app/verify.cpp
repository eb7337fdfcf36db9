#include <algorithm>
#include <filesystem>
#include <set>

#include "app/commands.hpp"
#include "report/numbers.hpp"
#include "run/event_log.hpp"
#include "run/lock_file.hpp"
#include "run/run_folder.hpp"

namespace helmholtz::app {

namespace {

struct VerifyFlags : RunArgument {
  explicit VerifyFlags(CLI::App& command) : RunArgument(command) {
    add_switch(command, "--quarantine", quarantine, {.help = "rename bad shards to NAME.bad-1"});
    add_output_flags(command, output);
  }

  bool quarantine = false;
  OutputOptions output;
};

struct BadShard {
  std::uint64_t shard = 0;
  std::string problem;
  std::string renamed_to;  ///< if it was quarantined
};

struct Findings {
  std::uint64_t good = 0;
  std::uint64_t missing = 0;
  std::vector<BadShard> bad;
  std::vector<std::string> unreadable;  ///< what was said of shards that cannot be read now
  std::vector<std::string> unknown;     ///< files among the shards that are none of theirs
};

/// What is wrong with a shard; empty if nothing is. @throws IoError if it cannot be read
std::string problem_of(const Run& run, std::uint64_t i) {
  try {
    static_cast<void>(run.files().read(i));
    return "";
  } catch (const BadData& error) {
    return error.what();
  } catch (const NoInput& error) {  // e.g. a folder in its place
    return error.what();
  }
}

bool is_missing(const Run& run, std::uint64_t i) {
  const auto state = run.files().state(i);
  return state == ShardFiles::State::missing || state == ShardFiles::State::shorter;
}

/// Names that are neither those of shards, nor of ones quarantined or being written.
std::vector<std::string> unknown_files(const Run& run) {
  std::set<std::string> shards;
  for (std::uint64_t i = 0; i < run.files().shards(); ++i) {
    shards.insert(run.files().path(i).filename().string());
  }
  std::vector<std::string> unknown;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(run.files().folder(), error), end;
       !error && entry != end; entry.increment(error)) {
    const auto name = entry->path().filename().string();
    const auto unfinished = ShardFiles::number_unfinished(name);
    const bool is_known = unfinished ? *unfinished < run.files().shards()
                                     : shards.contains(name.substr(0, name.rfind(".bad-")));
    if (!is_known) unknown.push_back(entry->path().string());
  }
  if (error) throw IoError(run.files().folder().string(), error.message());
  std::sort(unknown.begin(), unknown.end());
  return unknown;
}

void check(const Run& run, std::uint64_t i, Findings& found) {
  if (is_missing(run, i)) {
    ++found.missing;
    return;
  }
  auto problem = problem_of(run, i);
  if (problem.empty()) {
    ++found.good;
  } else if (is_missing(run, i)) {  // a sweep has quarantined it meanwhile
    ++found.missing;
  } else {
    found.bad.push_back({.shard = i, .problem = std::move(problem), .renamed_to = {}});
  }
}

Findings check_all(const Run& run) {
  Findings found;
  const auto attempt = [&](const auto& look) {
    try {
      look();
    } catch (const IoError& error) {
      found.unreadable.emplace_back(error.what());
    }
  };
  for (std::uint64_t i = 0; i < run.files().shards(); ++i) attempt([&] { check(run, i, found); });
  attempt([&] { found.unknown = unknown_files(run); });
  return found;
}

void quarantine(const Run& run, const LockFile& lock, const EventLog& log, BadShard& bad) {
  if (const auto holder = lock.try_lock({.first = bad.shard, .count = 1})) {
    throw CannotCreate(run.files().path(bad.shard).string(),
                       fmt::format("process {} is writing it", holder->process));
  }
  // Its writer may have replaced it since it was read.
  if (is_missing(run, bad.shard) || problem_of(run, bad.shard).empty()) return;
  bad.renamed_to = run.files().quarantine(bad.shard, bad.problem).filename().string();
  note("helmholtz: {}; renamed to {}", bad.problem, bad.renamed_to);
  log.write("quarantined",
            {{"shard", bad.shard}, {"renamed_to", bad.renamed_to}, {"problem", bad.problem}});
}

/// What cannot be renamed keeps nothing else from being renamed. @return the last failure's code
ExitCode quarantine_all(const Run& run, std::vector<BadShard>& all) {
  auto code = ExitCode::ok;
  const auto attempt = [&](const auto& rename) {
    try {
      rename();
    } catch (const Error& error) {
      note("helmholtz: {}", error.what());
      code = exit_code_of(error);
    }
  };
  attempt([&] {
    const LockFile lock(RunFiles(run.path()).lock, LockFile::Access::write);
    const EventLog log(RunFiles(run.path()).log);
    for (auto& bad : all) attempt([&] { quarantine(run, lock, log, bad); });
  });
  return code;
}

void print_findings(const Findings& found, bool json) {
  for (const auto& bad : found.bad) {
    print_line(
        json ? json_text(
                   {{"shard", bad.shard},
                    {"problem", bad.problem},
                    {"renamed_to", bad.renamed_to.empty() ? Json(nullptr) : Json(bad.renamed_to)}})
             : fmt::format(
                   "{}{}", bad.problem,
                   bad.renamed_to.empty() ? "" : fmt::format("; renamed to {}", bad.renamed_to)));
  }
  for (const auto& problem : found.unreadable) {
    note("helmholtz: {}; its results may be intact", problem);
  }
  for (const auto& file : found.unknown) {
    if (!json) print_line("{}: not of this sweep; ignored", shown(file));
  }
  if (json) {
    print_json({{"done", true},
                {"good", found.good},
                {"bad", found.bad.size()},
                {"missing", found.missing},
                {"unreadable", found.unreadable.size()},
                {"unknown", found.unknown}});
  } else {
    print_line(
        "{} good, {} bad, {} missing{}{}", report::counted(found.good, "shard"), found.bad.size(),
        found.missing,
        found.unreadable.empty() ? "" : fmt::format(", {} unreadable", found.unreadable.size()),
        found.unknown.empty() ? "" : fmt::format(", {} unknown", found.unknown.size()));
  }
}

ExitCode verify(const VerifyFlags& flags) {
  const auto run = flags.open();
  auto found = check_all(run);
  auto code = ExitCode::ok;
  if (flags.quarantine && !found.bad.empty()) code = quarantine_all(run, found.bad);
  print_findings(found, flags.output.json);
  if (!found.unreadable.empty()) return ExitCode::io;
  if (code != ExitCode::ok) return code;
  return found.bad.empty() ? ExitCode::ok : ExitCode::bad_data;
}

}  // namespace

Command add_verify(CLI::App& program) {
  return make_command(
      program,
      {.name = "verify",
       .summary = "read every shard of a sweep and check it",
       .footer = "Digests, sizes and ranges. Exit code 65 if a shard is bad; the next sweep on DIR "
                 "renames bad ones to NAME.bad-1 and trains them again, each once. Exit code 74 if "
                 "one cannot be read: that is no damage; or cannot be renamed. Nothing is changed "
                 "without --quarantine.\n\nExample:\n  helmholtz verify runs/a\n"},
      verify);
}

}  // namespace helmholtz::app
