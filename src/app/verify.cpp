#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/json.hpp"
#include "app/options.hpp"
#include "app/output.hpp"
#include "app/run.hpp"
#include "helmholtz/error.hpp"
#include "report/numbers.hpp"

namespace helmholtz::app {

namespace {

struct VerifyFlags {
  std::string directory;
  bool quarantine = false;
  OutputOptions output;
};

struct BadShard {
  std::uint64_t shard = 0;
  std::string problem;
  std::string renamed_to;  ///< if it was put aside
};

struct Findings {
  std::uint64_t good = 0;
  std::uint64_t missing = 0;
  std::vector<BadShard> bad;
};

Findings check_all(const Run& run) {
  Findings found;
  for (std::uint64_t i = 0; i < run.files.shards(); ++i) {
    const auto state = run.files.state(i);
    if (state == ShardFiles::State::missing || state == ShardFiles::State::shorter) {
      ++found.missing;
      continue;
    }
    try {
      static_cast<void>(run.files.read(i));
      ++found.good;
    } catch (const BadData& error) {
      found.bad.push_back({.shard = i, .problem = error.what(), .renamed_to = {}});
    } catch (const NoInput& error) {  // e.g. a folder in its place
      found.bad.push_back({.shard = i, .problem = error.what(), .renamed_to = {}});
    }
  }
  return found;
}

void put_aside(const Run& run, Findings& found) {
  const LockFile lock(run.names.lock, LockFile::Access::write);
  const EventLog log(run.names.log);
  for (auto& bad : found.bad) {
    if (const auto holder = lock.try_lock({.first = bad.shard, .count = 1})) {
      throw CannotCreate(run.files.path(bad.shard).string(),
                         fmt::format("process {} is writing it", holder->process));
    }
    bad.renamed_to = run.files.quarantine(bad.shard).filename().string();
    log.write("quarantined",
              {{"shard", bad.shard}, {"renamed_to", bad.renamed_to}, {"problem", bad.problem}});
  }
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
  if (json) {
    print_line(json_text({{"done", true},
                          {"good", found.good},
                          {"bad", found.bad.size()},
                          {"missing", found.missing}}));
  } else {
    print_line(fmt::format("{} good, {} bad, {} missing", report::counted(found.good, "shard"),
                           found.bad.size(), found.missing));
  }
}

ExitCode verify(const VerifyFlags& flags) {
  const auto run = open_run(flags.directory);
  auto found = check_all(run);
  if (flags.quarantine && !found.bad.empty()) put_aside(run, found);
  print_findings(found, flags.output.json);
  return found.bad.empty() ? ExitCode::ok : ExitCode::bad_data;
}

}  // namespace

Command add_verify(CLI::App& program) {
  auto* parser = program.add_subcommand("verify", "reads every shard of a sweep and checks it");
  parser->footer(
      "Digests, sizes and ranges. Exit code 65 if a shard is bad; the next sweep on DIR puts bad\n"
      "ones aside and trains them again. Nothing is changed without --quarantine.\n\n"
      "Example:\n  helmholtz verify runs/a\n");
  const auto flags = std::make_shared<VerifyFlags>();
  add_run_argument(*parser, flags->directory);
  parser->add_flag("--quarantine", flags->quarantine, "rename bad shards to NAME.bad-N")
      ->disable_flag_override();
  add_output_flags(*parser, flags->output);
  return {.parser = parser, .run = [flags] { return verify(*flags); }};
}

}  // namespace helmholtz::app
