#include "sweep/run_directory.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "io/atomic_file.hpp"
#include "io/input_file.hpp"
#include "sweep/config.hpp"
#include "sweep/manifest.hpp"
#include "sweep/provenance.hpp"

namespace helmholtz {

using io::AtomicFile;

LockFile::Range SweepPart::of(std::uint64_t shards) const {
  const auto at = [&](std::uint64_t part) {
    return shards / n * part + std::min(part, shards % n);
  };
  return {.first = at(k), .count = at(k + 1) - at(k)};
}

namespace {

/// What a finished sweep has beside its shards. @throws IoError
void remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw IoError(path.string(), error.message());
}

}  // namespace

RunDirectory::RunDirectory(std::filesystem::path path, const SweepSpec& spec, SweepPart part,
                           Warn warn)
    : config_(config_text(spec)),
      path_(prepared_folder(std::move(path), spec, config_)),
      names_(path_),
      warn_(std::move(warn)),
      lock_(names_.lock, LockFile::Access::write),
      log_(names_.log),
      exclusive_(std::in_place, lock_),
      files_(path_, spec, open_or_create(spec)),
      part_(part.of(files_.shards())),
      provenance_(provenance(spec)),
      done_(files_.shards()) {
  lock_part();
  extend(spec);
  exclusive_.reset();
  scan();
  Json details = {{"shards", {part_.first, part_.first + part_.count}},
                  {"machines", machines_of_part()},
                  {"done", machines_done()}};
  details.update(provenance_);
  log("started", details);
}

std::uint64_t RunDirectory::open_or_create(const SweepSpec& spec) const {
  if (const auto each = existing_shard_machines(path_, spec); each > 0) return each;
  create_folder(names_.shards_folder);
  if (spec.world.name().starts_with("file:")) {
    io::write_file(names_.world, pattern_text(spec.world), AtomicFile::Rivals::none);
  }
  io::write_file(names_.config, config_, AtomicFile::Rivals::none);
  // Last: a directory with a manifest is whole.
  io::write_file(names_.manifest, manifest_text(spec), AtomicFile::Rivals::none);
  return spec.shard_machines();
}

void RunDirectory::lock_part() const {
  const auto holder = lock_.try_lock(part_);
  if (!holder) return;
  std::string host = "another host";
  for (const auto& event : read_events(names_.log)) {
    if (event.process == holder->process) host = event.host;
  }
  throw CannotCreate(path_.string(), fmt::format("process {} on {} is writing shards [{}, {})",
                                                 holder->process, host, holder->range.first,
                                                 holder->range.first + holder->range.count));
}

void RunDirectory::extend(const SweepSpec& spec) const {
  const auto seeds = seeds_of_config(names_.config);
  if (seeds.size() == spec.seeds.size()) return;
  // First: what sums up fewer seeds must not stand beside more.
  remove_file(names_.summary);
  remove_file(names_.report);
  io::write_file(names_.config, config_, AtomicFile::Rivals::none);
  log("extended", {{"seeds", spec.seeds.to_string()}});
}

void RunDirectory::scan() {
  for (std::uint64_t i = 0; i < files_.shards(); ++i) {
    const auto state = files_.state(i);
    done_[i] = state == ShardFiles::State::done;
    const bool is_mine = i >= part_.first && i - part_.first < part_.count;
    if (is_mine && state == ShardFiles::State::bad) quarantine(i, "its seal is damaged");
  }
}

void RunDirectory::quarantine(std::uint64_t i, const std::string& problem) {
  const auto bad = files_.quarantine(i, problem);
  done_[i] = false;
  if (warn_) {
    warn_(fmt::format("{} is bad ({}); renamed to {}, and trained again", files_.path(i).string(),
                      problem, bad.filename().string()));
  }
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

void RunDirectory::write_all(std::span<const Shard> shards) {
  for (const auto& shard : shards) {
    if (shard.first % files_.shard_machines() != 0 || shard.first >= files_.spec().machines() ||
        shard.machines() != files_.machines(files_.shard_of(shard.first))) {
      throw InvalidArgument("shard_machines", std::to_string(shard.machines()),
                            fmt::format("{}, as in {}", files_.shard_machines(), path_.string()));
    }
  }
  const auto bytes = files_.write_all(shards);
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  for (std::size_t k = 0; k < shards.size(); ++k) {
    const auto i = files_.shard_of(shards[k].first);
    done_[i] = true;
    Json details = {{"shard", i},
                    {"machines", shards[k].machines()},
                    {"bytes", bytes[k]},
                    {"seconds", seconds / static_cast<double>(shards.size())}};
    details.update(provenance_);
    log("shard", details);
  }
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
      quarantine(i, error.what());
      good = false;
    }
  }
  return good;
}

void RunDirectory::write_summary(std::string_view csv) const {
  const LockFile::Exclusive exclusive(lock_);
  // Another process may have extended the sweep since; it sums up all of it.
  if (seeds_of_config(names_.config).size() != files_.spec().seeds.size()) return;
  io::write_file(names_.summary, csv, AtomicFile::Rivals::none);
  log("finished");
}

}  // namespace helmholtz
