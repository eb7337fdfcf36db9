#include "hosts/rank_work.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <thread>

#include "backends/cuda/plugin.hpp"
#include "backends/registry.hpp"
#include "base/limits.hpp"
#include "helmholtz/error.hpp"
#include "run/event_log.hpp"
#include "run/manifest.hpp"
#include "run/run_folder.hpp"
#include "run/shard_files.hpp"
#include "run/shard_writer.hpp"

namespace helmholtz::hosts {

namespace {

bool is_on_gpu(const SweepSpec& spec) {
  const auto kinds = spec.kinds();
  return std::any_of(kinds.begin(), kinds.end(), [&](const auto& kind) {
    return find_backend(spec.resolved_backend(kind)).on_gpu;
  });
}

/// Those that the spec names, or else all of this host.
std::vector<int> devices_for_ranks(const SweepSpec& spec) {
  if (!spec.devices.empty()) return spec.devices;
  std::vector<int> all(plugin::Plugin::load()->devices().size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// The spec as this rank trains it, for the log; rank 0 logs what the command asked for.
SweepSpec spec_of_rank(SweepSpec spec, const SweepOptions& options) {
  spec.threads = options.threads;
  spec.devices = options.devices;
  return spec;
}

/// Machines of a shard in the directory; 0 if the job ends. Another host's files may be seen late.
std::uint64_t shard_machines_in(const std::filesystem::path& path, const SweepSpec& spec,
                                Team& team) {
  constexpr int kSeconds = 60;
  for (int waited = 0; waited < kSeconds; ++waited) {
    const auto each = existing_shard_machines(path, spec);
    if (each > 0 || team.is_ended()) return each;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  throw CannotCreate(path.string(), "is not rank 0's directory: all hosts have to share it");
}

/// This rank in the log of the sweep, for as long as it lives.
class Attendance {
 public:
  Attendance(const EventLog& log, const Json& details) : log_(log), rank_(details.at("rank")) {
    log_.write("joined", details);
  }
  ~Attendance() {
    try {
      log_.write("left", {{"rank", rank_}});
    } catch (const Error&) {  // the disk is full: that is why it leaves
    }
  }
  Attendance(const Attendance&) = delete;
  Attendance& operator=(const Attendance&) = delete;

 private:
  const EventLog& log_;
  int rank_;
};

}  // namespace

int threads_of_rank(const SweepSpec& spec, const Place& place) {
  if (spec.threads > 0) return spec.threads;
  const double cores = std::min<double>(place.local_cores, std::ceil(limits::cpu_quota()));
  const auto share = static_cast<int>(cores / place.local_ranks);
  return std::clamp(share, 1, limits::default_threads().count);
}

int device_of_rank(const std::vector<int>& devices, const Place& place) {
  if (devices.empty()) throw NoDevice("no device for the ranks of this host");
  return devices[static_cast<std::size_t>(place.local_rank) % devices.size()];
}

SweepOptions dealt_options(Team& team, const SweepSpec& spec,
                           const std::function<void()>& meanwhile) {
  SweepOptions options;
  options.threads = threads_of_rank(spec, team.place());
  if (is_on_gpu(spec)) options.devices = {device_of_rank(devices_for_ranks(spec), team.place())};
  options.stop_requested = [&team] { return team.is_ended(); };
  options.deal = [&team, meanwhile](std::uint64_t most, const std::function<bool()>& given_up) {
    return team.deal(most, given_up, meanwhile);
  };
  return options;
}

void train_dealt(Team& team, const SweepSpec& spec, const std::filesystem::path& path) {
  const auto dealer = team.wait_for_directory();
  if (!dealer) return;
  auto options = dealt_options(team, spec);
  options.shard_machines = shard_machines_in(path, spec, team);
  if (options.shard_machines == 0) return;
  const ShardFiles files(path, spec, options.shard_machines);
  const EventLog log(RunFiles(path).log);
  ShardWriter writer(files, log, provenance(spec_of_rank(spec, options)));
  Json details = {{"rank", team.place().rank}, {"dealer", *dealer}};
  details.update(writer.made_by());
  const Attendance attendance(log, details);
  writer.expect(ShardWriter::Rivals::possible);
  DoneReport report(team, options.shard_machines);
  const std::array<ShardSink*, 2> sinks = {&writer, &report};
  run_sweep(spec, options, sinks);
}

}  // namespace helmholtz::hosts
