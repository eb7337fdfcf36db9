#include "sweep/run_directory.hpp"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "io/atomic_file.hpp"
#include "sweep/config.hpp"
#include "sweep/manifest.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

namespace fs = std::filesystem;
using io::AtomicFile;

void create_folder(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw CannotCreate(path.string(), "exists and is not a directory");
  }
  fs::create_directories(path, error);
  if (error) io::throw_not_created(path, error.value());
}

/// Whether a run has such an entry, also while it is being made.
bool is_of_a_run(const fs::path& entry, const RunFiles& names) {
  const auto name = entry.filename().string();
  const std::array ours = {names.config, names.manifest, names.world,        names.log,
                           names.lock,   names.summary,  names.shards_folder};
  return std::find(ours.begin(), ours.end(), entry) != ours.end() ||
         (name.starts_with('.') && name.ends_with(".tmp"));
}

/// Refuses a folder of something else: a run has a manifest, or is just being made by another
/// process or was by one that ended, and then has nothing else in it.
void require_run_or_empty(const fs::path& path, const RunFiles& names) {
  std::error_code error;
  if (fs::exists(names.manifest, error)) return;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_of_a_run(entry->path(), names)) continue;
    throw CannotCreate(path.string(), "is not empty and holds no sweep; give a new directory");
  }
  if (error) throw CannotCreate(path.string(), error.message());
}

/// The folder ready for its lock.
fs::path prepared(fs::path path) {
  create_folder(path);
  require_run_or_empty(path, RunFiles(path));
  return path;
}

}  // namespace

LockFile::Range SweepPart::of(std::uint64_t shards) const {
  const auto at = [&](std::uint64_t part) {
    return shards / n * part + std::min(part, shards % n);
  };
  return {.first = at(k), .count = at(k + 1) - at(k)};
}

RunFiles::RunFiles(const fs::path& folder)
    : config(folder / "config.toml"),
      manifest(folder / "manifest.json"),
      world(folder / "world.txt"),
      log(folder / "log.jsonl"),
      lock(folder / "lock"),
      summary(folder / "summary.csv"),
      shards_folder(folder / "shards") {}

RunDirectory::RunDirectory(fs::path path, const SweepSpec& spec, SweepPart part)
    : config_(config_text(spec)),
      path_(prepared(std::move(path))),
      names_(path_),
      files_(path_, spec),
      lock_(names_.lock, LockFile::Access::write),
      log_(names_.log),
      part_(part.of(files_.shards())),
      done_(files_.shards()) {
  {
    const LockFile::Exclusive exclusive(lock_);
    open_or_create(spec);
    lock_part();
    extend(spec);
  }
  scan();
  log("started", {{"shards", {part_.first, part_.first + part_.count}},
                  {"machines", machines_of_part()},
                  {"done", machines_done()}});
}

void RunDirectory::open_or_create(const SweepSpec& spec) const {
  if (!fs::exists(names_.manifest)) {
    create_folder(files_.folder());
    if (spec.world.name().starts_with("file:")) {
      io::write_file(names_.world, pattern_text(spec.world), AtomicFile::Rivals::none);
    }
    io::write_file(names_.config, config_, AtomicFile::Rivals::none);
    // Last: a directory with a manifest is whole.
    io::write_file(names_.manifest, manifest_text(spec), AtomicFile::Rivals::none);
    return;
  }
  const auto manifest = read_manifest(names_.manifest);
  if (manifest.configuration_hash != files_.configuration_hash()) {
    throw CannotCreate(
        path_.string(),
        fmt::format("holds another sweep: {}", difference(manifest.settings, settings_of(spec))));
  }
  const auto seeds = seeds_of_config(names_.config);
  if (!spec.seeds.begins_with(seeds)) {
    throw CannotCreate(path_.string(), fmt::format("holds another sweep: seeds: {} there, {} now; "
                                                   "more seeds may only follow",
                                                   seeds.to_string(), spec.seeds.to_string()));
  }
}

void RunDirectory::lock_part() const {
  const auto holder = lock_.try_lock(part_);
  if (!holder) return;
  std::string host = "another host";
  for (const auto& event : read_events(names_.log)) {
    if (event.value("process", 0) == holder->process) host = event.value("host", host);
  }
  throw CannotCreate(path_.string(), fmt::format("process {} on {} is writing shards {} to {}",
                                                 holder->process, host, holder->range.first,
                                                 holder->range.first + holder->range.count - 1));
}

void RunDirectory::extend(const SweepSpec& spec) const {
  const auto seeds = seeds_of_config(names_.config);
  if (seeds.size() == spec.seeds.size()) return;
  io::write_file(names_.config, config_, AtomicFile::Rivals::none);
  log("extended", {{"seeds", spec.seeds.to_string()}});
}

void RunDirectory::scan() {
  for (std::uint64_t i = 0; i < files_.shards(); ++i) {
    const auto state = files_.state(i);
    done_[i] = state == ShardFiles::State::done;
    const bool is_mine = i >= part_.first && i - part_.first < part_.count;
    if (is_mine && state == ShardFiles::State::bad) put_aside(i, "its seal is damaged");
  }
}

void RunDirectory::put_aside(std::uint64_t i, const std::string& problem) {
  const auto bad = files_.quarantine(i);
  done_[i] = false;
  log("quarantined", {{"shard", i}, {"renamed_to", bad.filename().string()}, {"problem", problem}});
}

bool RunDirectory::wants(std::uint64_t i) const {
  return i >= part_.first && i - part_.first < part_.count && !done_[i];
}

std::uint64_t RunDirectory::machines_done() const {
  std::uint64_t machines = 0;
  for (auto i = part_.first; i < part_.first + part_.count; ++i) {
    if (done_[i]) machines += files_.machines(i);
  }
  return machines;
}

std::uint64_t RunDirectory::machines_of_part() const {
  std::uint64_t machines = 0;
  for (auto i = part_.first; i < part_.first + part_.count; ++i) machines += files_.machines(i);
  return machines;
}

void RunDirectory::write(const Shard& shard) {
  const auto i = files_.shard_of(shard.first);
  const auto bytes = files_.write(shard);
  done_[i] = true;
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  log("shard",
      {{"shard", i}, {"machines", shard.machines()}, {"bytes", bytes}, {"seconds", seconds}});
}

bool RunDirectory::is_complete() {
  for (std::uint64_t i = 0; i < files_.shards(); ++i) {
    if (!done_[i]) done_[i] = files_.state(i) == ShardFiles::State::done;
    if (!done_[i]) return false;
  }
  return true;
}

bool RunDirectory::read(ShardSink& sink) {
  bool good = true;
  for (std::uint64_t i = 0; i < files_.shards(); ++i) {
    try {
      const auto shard = files_.read(i);
      if (good) sink.write(shard);
    } catch (const BadData& error) {
      const bool is_mine = i >= part_.first && i - part_.first < part_.count;
      if (!is_mine) throw;
      put_aside(i, error.what());
      good = false;
    }
  }
  return good;
}

void RunDirectory::write_summary(std::string_view csv) const {
  const LockFile::Exclusive exclusive(lock_);
  io::write_file(names_.summary, csv, AtomicFile::Rivals::none);
  log("finished");
}

}  // namespace helmholtz
