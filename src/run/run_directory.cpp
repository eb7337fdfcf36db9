#include "helmholtz/run_directory.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/atomic_file.hpp"
#include "base/input_file.hpp"
#include "helmholtz/error.hpp"
#include "model/worlds/pattern_file.hpp"
#include "run/config.hpp"
#include "run/event_log.hpp"
#include "run/lock_file.hpp"
#include "run/manifest.hpp"
#include "run/run_folder.hpp"
#include "run/shard_files.hpp"
#include "run/shard_writer.hpp"
#include "sweep/validate.hpp"

namespace helmholtz {

using io::AtomicFile;

ShardRange SweepPart::of(std::uint64_t shards) const {
  const auto at = [&](std::uint64_t part) {
    return shards / n * part + std::min(part, shards % n);
  };
  return {.first = at(k), .count = at(k + 1) - at(k)};
}

namespace {

/// Removes a file, if it is there. @throws IoError
void remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw IoError(path.string(), error.message());
}

/// Before anything is written. @throws InvalidArgument, NoDevice
void require_valid(const std::filesystem::path& folder, const SweepSpec& spec, SweepPart part) {
  if (part.k >= part.n) {
    throw InvalidArgument("part", fmt::format("{}/{}", part.k, part.n), "k/n, k from 0 to n-1");
  }
  validate(spec, existing_shard_machines(folder, spec));
}

}  // namespace

struct RunDirectory::State {
  State(std::filesystem::path folder, const SweepSpec& spec, SweepPart part, Warn warn_user)
      : config((require_valid(folder, spec, part), config_text(spec))),
        path(prepared_folder(std::move(folder), spec, config)),
        names(path),
        warn(std::move(warn_user)),
        lock(names.lock, LockFile::Access::write),
        log(names.log),
        exclusive(std::in_place, lock),
        files(path, spec, open_or_create(spec)),
        mine(part.of(files.shards())),
        writer(files, log, provenance(spec)),
        done(files.shards()) {
    lock_part();
    files.remove_unfinished(mine);
    extend(spec);
    exclusive.reset();
  }

  /// @return machines of one shard
  [[nodiscard]] std::uint64_t open_or_create(const SweepSpec& spec) const;
  void extend(const SweepSpec& spec) const;
  void lock_part() const;
  /// Machines of the part, all or those that are done.
  [[nodiscard]] std::uint64_t machines(bool only_done) const {
    std::uint64_t sum = 0;
    for (auto i = mine.first; i < mine.first + mine.count; ++i) {
      if (done[i] || !only_done) sum += files.machines(i);
    }
    return sum;
  }

  std::string config;  // first: a world that it cannot name must leave nothing behind
  std::filesystem::path path;
  RunFiles names;
  Warn warn;
  LockFile lock;
  EventLog log;
  std::optional<LockFile::Exclusive> exclusive;  // while it is opened
  ShardFiles files;
  ShardRange mine;
  ShardWriter writer;
  std::vector<bool> done;  // [shards]
};

std::uint64_t RunDirectory::State::open_or_create(const SweepSpec& spec) const {
  if (const auto each = existing_shard_machines(path, spec); each > 0) return each;
  create_folder(names.shards_folder);
  if (pattern_path(spec.world)) {
    io::write_file(names.world, pattern_text(spec.world), AtomicFile::Rivals::none);
  }
  io::write_file(names.config, config, AtomicFile::Rivals::none);
  // Last: a directory with a manifest is whole.
  io::write_file(names.manifest, manifest_text(spec), AtomicFile::Rivals::none);
  return spec.shard_machines();
}

void RunDirectory::State::lock_part() const {
  const auto holder = lock.try_lock(mine);
  if (!holder) return;
  std::string host = "another host";
  for (const auto& event : read_events(names.log)) {
    if (event.process == holder->process) host = event.host;
  }
  throw InUse(path.string(),
              fmt::format("process {} on {} is writing shards [{}, {})", holder->process, host,
                          holder->range.first, holder->range.first + holder->range.count));
}

void RunDirectory::State::extend(const SweepSpec& spec) const {
  const auto seeds = seeds_of_config(names.config);
  if (seeds.size() == spec.seeds.size()) return;
  // First: what sums up fewer seeds must not stand beside more.
  remove_file(names.summary);
  remove_file(names.report);
  io::write_file(names.config, config, AtomicFile::Rivals::none);
  log.write("extended", {{"seeds", spec.seeds.to_string()}});
}

RunDirectory::RunDirectory(std::filesystem::path path, const SweepSpec& spec, SweepPart part,
                           Warn warn)
    : state_(std::make_unique<State>(std::move(path), spec, part, std::move(warn))) {
  scan();
  Json details = {{"shards", {state_->mine.first, state_->mine.first + state_->mine.count}},
                  {"machines", machines_of_part()},
                  {"done", machines_done()}};
  details.update(state_->writer.made_by());
  state_->log.write("started", details);
}

RunDirectory::~RunDirectory() = default;

const std::filesystem::path& RunDirectory::path() const noexcept { return state_->path; }
std::uint64_t RunDirectory::shard_machines() const noexcept {
  return state_->files.shard_machines();
}
std::uint64_t RunDirectory::shards() const { return state_->files.shards(); }
std::uint64_t RunDirectory::machines_done() const { return state_->machines(true); }
std::uint64_t RunDirectory::machines_of_part() const { return state_->machines(false); }

void RunDirectory::scan() {
  for (std::uint64_t i = 0; i < state_->files.shards(); ++i) {
    const auto state = state_->files.state(i);
    state_->done[i] = state == ShardFiles::State::done;
    const bool is_mine = state_->mine.contains(i);
    if (is_mine && state == ShardFiles::State::bad) quarantine(i, "its seal is damaged");
  }
}

void RunDirectory::quarantine(std::uint64_t i, const std::string& problem) {
  const auto bad = state_->files.quarantine(i, problem);
  state_->done[i] = false;
  if (state_->warn) {
    state_->warn(fmt::format("{} is bad ({}); renamed to {}, and trained again",
                             state_->files.path(i).string(), problem, bad.filename().string()));
  }
  state_->log.write("quarantined",
                    {{"shard", i}, {"renamed_to", bad.filename().string()}, {"problem", problem}});
}

bool RunDirectory::wants(std::uint64_t i) const {
  return state_->mine.contains(i) && !state_->done[i];
}

SweepOutcome RunDirectory::train(SweepOptions options, ShardSink* written) {
  options.shard_machines = shard_machines();
  options.wanted = [this](std::uint64_t i) { return wants(i); };
  state_->writer.expect(options.deal ? AtomicFile::Rivals::possible : AtomicFile::Rivals::none);
  const std::array<ShardSink*, 2> sinks = {this, written};
  const std::size_t count = written == nullptr ? 1 : 2;
  auto outcome = run_sweep(state_->files.spec(), options, std::span(sinks).first(count));
  if (outcome.stopped) {
    state_->log.write("stopped");
  } else if (!is_complete()) {
    state_->log.write("part_done");
  }
  return outcome;
}

void RunDirectory::write_all(std::span<const Shard> shards) {
  state_->writer.write_all(shards);
  for (const auto& shard : shards) state_->done[state_->files.shard_of(shard.first)] = true;
}

bool RunDirectory::look_for(std::uint64_t shard) {
  if (!state_->done[shard]) {
    state_->done[shard] = state_->files.state(shard) == ShardFiles::State::done;
  }
  return state_->done[shard];
}

bool RunDirectory::is_complete() {
  for (std::uint64_t i = 0; i < state_->files.shards(); ++i) {
    if (!look_for(i)) return false;
  }
  return true;
}

bool RunDirectory::is_part_complete() {
  bool all = true;  // all are looked for: what is done counts
  for (auto i = state_->mine.first; i < state_->mine.first + state_->mine.count; ++i) {
    all = look_for(i) && all;
  }
  return all;
}

bool RunDirectory::read(ShardSink& sink) {
  bool good = true;
  for (std::uint64_t i = 0; i < state_->files.shards(); ++i) {
    try {
      const auto shard = state_->files.read(i);
      if (good) sink.write(shard);
    } catch (const BadData& error) {
      const bool is_mine = state_->mine.contains(i);
      if (!is_mine) throw;
      quarantine(i, error.what());
      good = false;
    }
  }
  return good;
}

void RunDirectory::write_summary(std::string_view csv) const {
  const LockFile::Exclusive exclusive(state_->lock);
  // Another process may have extended the sweep since; it sums up all of it.
  if (seeds_of_config(state_->names.config).size() != state_->files.spec().seeds.size()) return;
  io::write_file(state_->names.summary, csv, AtomicFile::Rivals::none);
  state_->log.write("finished");
}

}  // namespace helmholtz
