#include "run/shard_files.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "base/atomic_file.hpp"
#include "base/hdf5.hpp"
#include "base/input_file.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/metrics.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

namespace fs = std::filesystem;

/// Everything about a shard that its digest leaves open.
class Check {
 public:
  Check(const SweepSpec& spec, const std::string& path) : spec_(spec), path_(path) {}

  void machines(const Shard& shard) const {
    const auto each = spec_.configurations();  // once: it multiplies many factors
    for (std::uint64_t k = 0; k < shard.machines(); ++k) {
      const auto machine = shard.first + k;
      require(shard.seeds[k] == spec_.seeds[machine / each] &&
                  shard.configurations[k] == machine % each,
              "holds other machines");
    }
  }

  void evaluations(const Shard& shard) const {
    for (std::size_t c = 0; c < metrics().size(); ++c) {
      const auto& metric = metrics()[c];
      for (std::size_t i = 0; i < shard.values[c].size(); ++i) {
        const double value = shard.values[c][i];
        if (!std::isnan(value) && !metric.is_in_range(value, spec_.world)) {
          throw BadData(path_, fmt::format("holds {} out of range: {}", metric.name, value));
        }
        require(shard.diverged[i] == 0 || (shard.diverged[i] == 1 && std::isnan(value)),
                "holds a status out of range");
      }
    }
  }

  /// @return how many parameters the saved machines have together
  [[nodiscard]] std::uint64_t saved(const Shard& shard) const {
    std::uint64_t parameters = 0;
    for (std::size_t i = 0; i < shard.saved.size(); ++i) {
      const auto machine = shard.saved[i];
      require(machine >= shard.first && machine - shard.first < shard.machines() &&
                  (i == 0 || machine > shard.saved[i - 1]),
              "holds parameters of other machines");
      parameters += spec_.topology(spec_.machine(machine).configuration).parameters();
    }
    return parameters;
  }

  void require(bool holds, const char* problem) const {
    if (!holds) throw BadData(path_, problem);
  }

 private:
  const SweepSpec& spec_;
  const std::string& path_;
};

void write_column(hdf5::Writer& file, const Metric& metric, const hdf5::Shape& table,
                  const std::vector<double>& values) {
  const std::string name(metric.name);
  if (!metric.is_count) return file.dataset<double>(name.c_str(), table, values);
  std::vector<std::uint32_t> counts(values.size());
  std::ranges::transform(values, counts.begin(), count_in_file);
  file.dataset<std::uint32_t>(name.c_str(), table, counts);
}

std::vector<double> read_column(const hdf5::Reader& file, const Metric& metric,
                                const hdf5::Shape& table,
                                const std::vector<std::uint8_t>& diverged) {
  const std::string name(metric.name);
  if (!metric.is_count) return file.dataset<double>(name.c_str(), table);
  const auto counts = file.dataset<std::uint32_t>(name.c_str(), table);
  std::vector<double> values(counts.begin(), counts.end());
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (diverged[k] != 0) values[k] = std::numeric_limits<double>::quiet_NaN();
  }
  return values;
}

std::string notes_text(std::uint64_t hash, std::uint64_t first, std::uint64_t end) {
  return fmt::format("configuration {:016x}\nmachines {}:{}\n", hash, first, end);
}

/// What the notes of an unexpected shard say: "holds machines [0, 16)", e.g. after a renaming.
std::string other_shard(std::uint64_t hash, const std::string& notes) {
  const auto begin = fmt::format("configuration {:016x}\nmachines ", hash);
  const auto colon = notes.rfind(':');
  if (!notes.starts_with(begin) || colon == std::string::npos) return "is a shard of another sweep";
  const std::string_view text(notes);
  const auto first = text.substr(begin.size(), colon - begin.size());
  const auto end = text.substr(colon + 1, text.size() - colon - 2);
  return fmt::format("holds machines [{}, {})", first, end);
}

}  // namespace

ShardFiles::ShardFiles(const fs::path& folder, const SweepSpec& spec, std::uint64_t shard_machines)
    : folder_(folder / "shards"),
      spec_(spec),
      hash_(helmholtz::configuration_hash(settings_of(spec))),
      size_(shard_machines > 0 ? shard_machines : spec.shard_machines()),
      shards_(spec.shards(size_)) {}

std::uint64_t ShardFiles::machines(std::uint64_t i) const {
  return std::min(size_, spec_.machines() - first_machine(i));
}

fs::path ShardFiles::path(std::uint64_t i) const { return folder_ / fmt::format("{:08}.h5", i); }

std::string ShardFiles::notes(std::uint64_t i) const {
  return notes_text(hash_, first_machine(i), first_machine(i) + machines(i));
}

ShardFiles::State ShardFiles::state_of(std::uint64_t i, const std::string& found) const {
  if (found == notes(i)) return State::done;
  const auto colon = found.rfind(':');
  if (colon == std::string::npos) return State::bad;
  const auto end = text::number<std::uint64_t>(
      std::string_view(found).substr(colon + 1, found.size() - colon - 2));
  const auto first = first_machine(i);
  const bool shorter =
      end && *end > first && *end < first + machines(i) && found == notes_text(hash_, first, *end);
  return shorter ? State::shorter : State::bad;
}

ShardFiles::State ShardFiles::state(std::uint64_t i) const {
  constexpr int kLooks = 100;
  for (int look = 0; look < kLooks; ++look) {
    // Longer each time: never in step with a process that renames the file again and again.
    std::this_thread::sleep_for(std::chrono::microseconds(10 * look));
    try {
      return state_of(i, io::read_seal_notes(path(i), kShardKind));
    } catch (const NoInput&) {
      if (!io::is_there(path(i))) return State::missing;
      const auto type = fs::symlink_status(path(i)).type();
      // What it points to may be on a disk that is away.
      if (type == fs::file_type::symlink) throw IoError(path(i).string(), "is a link to nothing");
      const bool is_new = type == fs::file_type::regular || type == fs::file_type::not_found;
      if (!is_new) return State::bad;  // else it was written, perhaps even renamed, meanwhile
    } catch (const BadData&) {
      return State::bad;
    }
  }
  throw IoError(path(i).string(), "is listed but cannot be opened");
}

bool ShardFiles::is_to_be_read(std::uint64_t i) const {
  const auto found = state(i);
  return found == State::done || found == State::bad;
}

std::string ShardFiles::image(const Shard& shard) const {
  const hdf5::Session session;
  hdf5::Writer file(path(shard_of(shard.first)).string(), io::kSealBytes);
  file.attribute("schema", kShardKind.schema);
  file.attribute("first_machine", shard.first);
  file.attribute("steps", spec_.steps);
  file.attribute("eval_every", spec_.eval_every);
  file.attribute("samples", spec_.samples);
  if (spec_.log_likelihood > 0) file.attribute("log_likelihood_particles", spec_.log_likelihood);
  const hdf5::Shape rows = {shard.machines()};
  const hdf5::Shape table = {shard.machines(), shard.evaluations};
  file.dataset<std::uint64_t>("seed", rows, shard.seeds);
  file.dataset<std::uint32_t>("configuration", rows, shard.configurations);
  for (std::size_t c = 0; c < metrics().size(); ++c) {
    if (!shard.values[c].empty()) write_column(file, metrics()[c], table, shard.values[c]);
  }
  file.dataset<std::uint8_t>("diverged", table, shard.diverged);
  if (spec_.save_parameters.kind != SaveParameters::Kind::none) {
    file.dataset<std::uint64_t>("saved_machines", {shard.saved.size()}, shard.saved);
    file.dataset<float>("parameters", {shard.parameters.size()}, shard.parameters);
  }
  return file.image();
}

std::string ShardFiles::bytes(const Shard& shard) const {
  const auto hdf5 = image(shard);
  return io::seal(kShardKind, notes(shard_of(shard.first)), hdf5) + hdf5;
}

std::vector<std::uint64_t> ShardFiles::write_all(std::span<const Shard> shards,
                                                 io::AtomicFile::Rivals rivals) const {
  constexpr std::size_t kTogether = 32;  // open files
  std::vector<std::uint64_t> bytes;
  while (!shards.empty()) {
    const auto some = shards.first(std::min(shards.size(), kTogether));
    std::deque<io::AtomicFile> files;
    for (const auto& shard : some) {
      const auto i = shard_of(shard.first);
      const auto hdf5 = image(shard);
      auto& file = files.emplace_back(path(i), rivals);
      file.write(io::seal(kShardKind, notes(i), hdf5));
      file.write(hdf5);
      bytes.push_back(io::kSealBytes + hdf5.size());
    }
    io::AtomicFile::commit_all(folder_, files);
    shards = shards.subspan(some.size());
  }
  return bytes;
}

Shard ShardFiles::read(std::uint64_t i) const {
  const auto name = path(i).string();
  const Check check(spec_, name);
  io::read_sealed(path(i), kShardKind, sealed_);
  if (sealed_.notes != notes(i)) throw BadData(name, other_shard(hash_, sealed_.notes));
  const hdf5::Session session;
  const hdf5::Reader file(name, sealed_.bytes);
  const auto options = spec_.evaluation_options();
  const hdf5::Shape rows = {machines(i)};
  const hdf5::Shape table = {machines(i), spec_.evaluations()};
  Shard shard(first_machine(i), 0, spec_.evaluations(), options);
  shard.seeds = file.dataset<std::uint64_t>("seed", rows);
  shard.configurations = file.dataset<std::uint32_t>("configuration", rows);
  check.machines(shard);
  shard.diverged = file.dataset<std::uint8_t>("diverged", table);
  for (std::size_t c = 0; c < metrics().size(); ++c) {
    if (metrics()[c].is_wanted(options)) {
      shard.values[c] = read_column(file, metrics()[c], table, shard.diverged);
    }
  }
  check.evaluations(shard);
  if (spec_.save_parameters.kind != SaveParameters::Kind::none) {
    const auto saved = file.shape("saved_machines", 1);
    check.require(saved[0] <= machines(i), "holds parameters of too many machines");
    shard.saved = file.dataset<std::uint64_t>("saved_machines", saved);
    shard.parameters = file.dataset<float>("parameters", {check.saved(shard)});
  }
  return shard;
}

void ShardFiles::remove_unfinished(ShardRange shards) const {
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto number = number_unfinished(entry->path().filename().string());
    std::error_code ignored;
    if (number && shards.contains(*number)) fs::remove(entry->path(), ignored);
  }
}

std::optional<std::uint64_t> ShardFiles::number_unfinished(const std::string& name) {
  if (!name.starts_with('.') || !name.ends_with(".tmp")) return std::nullopt;
  return text::number<std::uint64_t>(name.substr(1, name.find('.', 1) - 1));
}

fs::path ShardFiles::quarantine(std::uint64_t i, std::string_view problem) const {
  fs::path bad = path(i).string() + ".bad-1";
  if (io::is_there(bad)) {
    throw IoError(path(i).string(),
                  fmt::format("is bad a second time ({}): does this disk keep what it is given? "
                              "Remove {} to have the shard trained again",
                              problem, bad.filename().string()));
  }
  std::error_code error;
  fs::rename(path(i), bad, error);
  if (error) throw IoError(path(i).string(), error.message());
  io::sync_folder(folder_);
  return bad;
}

}  // namespace helmholtz
