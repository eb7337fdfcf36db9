#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "backends/registry.hpp"
#include "base/limits.hpp"
#include "evaluate/importance.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/metrics.hpp"
#include "helmholtz/sweep.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {

namespace {

/// Bytes of one machine's row in a shard, without its parameters.
double row_bytes(const SweepSpec& spec) {
  double evaluation = sizeof(std::uint8_t);
  for (const auto& metric : metrics()) {
    if (!metric.is_wanted(spec.evaluation_options())) continue;
    evaluation += metric.is_count ? sizeof(std::uint32_t) : sizeof(double);
  }
  return sizeof(std::uint64_t) + sizeof(std::uint32_t) +
         static_cast<double>(spec.evaluations()) * evaluation;
}

/// What keeping one machine's parameters adds.
double kept_bytes(const SweepSpec& spec, const SweepConfiguration& kind) {
  const auto parameters = static_cast<double>(spec.topologies[kind.topology].parameters());
  return sizeof(std::uint64_t) + parameters * sizeof(float);
}

/// Machines of a shard whose parameters are kept, at most.
double most_kept(const SweepSpec& spec, double machines) {
  switch (spec.save_parameters.kind) {
    case SaveParameters::Kind::all:
      return machines;
    case SaveParameters::Kind::best:
      return std::min(machines, static_cast<double>(spec.save_parameters.count) *
                                    static_cast<double>(spec.configurations()));
    case SaveParameters::Kind::none:
      break;
  }
  return 0;
}

/// Machines of a shard of `bytes`, where the kept ones take at most half of it or are all kept.
double fitting_machines(const SweepSpec& spec, double bytes, double kept) {
  const double best = most_kept(spec, std::numeric_limits<double>::max()) * kept;
  if (best <= bytes / 2) return (bytes - best) / row_bytes(spec);
  return bytes / (row_bytes(spec) + kept);
}

/// Hidden states that one exact evaluation adds up, and patterns for those next to the visible.
double exact_states(const Topology& topology, const World& world) {
  if (!exact_is_feasible(topology, world)) return 0;
  double states = 0;
  for (int l = 1; l < topology.last(); ++l) {
    states += std::exp2(topology.size(l - 1) + topology.size(l));
  }
  return states + std::exp2(topology.size(topology.last() - 1)) * static_cast<double>(world.size());
}

/// Particles of one evaluation, of all rows.
double evaluated_particles(const SweepSpec& spec) {
  const auto options = spec.evaluation_options();
  if (options.particles == 0) return 0;
  return static_cast<double>(options.particles) *
         static_cast<double>(evaluated_rows(options, spec.world));
}

/// Seconds that one machine takes to train and to evaluate on one core: nominal ones, of cpu-fused
/// with AVX-512 at about 3 GHz, so that a shard is the same everywhere.
double machine_seconds(const SweepSpec& spec, const SweepConfiguration& kind) {
  constexpr double kStep = 1 / (40e6 * 143);  // a parameter and batch row: 40 M steps/s of [1,6,9]
  constexpr double kSample = 0.4 * kStep;     // a parameter and sample
  constexpr double kState = 1.4e-9;           // a term of the exact sum
  constexpr double kParticle = kStep;         // a parameter and particle of a row
  const auto& topology = spec.topologies[kind.topology];
  const auto parameters = static_cast<double>(topology.parameters());
  const double evaluation = kSample * parameters * static_cast<double>(spec.samples) +
                            kState * exact_states(topology, spec.world) +
                            kParticle * parameters * evaluated_particles(spec);
  // A particle goes through both networks once, half of what a row of wake-sleep takes.
  const double rows = kind.batch * (1 + kind.particles) / 2.0;
  return kStep * parameters * static_cast<double>(spec.steps) * rows +
         static_cast<double>(spec.evaluations()) * evaluation;
}

/// Of an average machine of the sweep.
template <class Of>
double mean(const SweepSpec& spec, Of of) {
  double sum = 0;
  const auto all = spec.kinds();
  for (const auto& kind : all) sum += of(spec, kind);
  return sum / static_cast<double>(all.size());
}

/// Parameters times rows and particles of the largest machine of the sweep: what it takes of
/// memory.
double largest(const SweepSpec& spec) {
  double most = 0;
  for (const auto& kind : spec.kinds()) {
    const auto parameters = static_cast<double>(spec.topologies[kind.topology].parameters());
    most = std::max(most, parameters * kind.batch * kind.particles);
  }
  return most;
}

}  // namespace

std::uint64_t SweepSpec::shard_machines() const {
  constexpr double kBytes = 4 * 1024 * 1024;
  constexpr double kSeconds = 2;  // small enough to be dealt to hundreds of workers
  constexpr double kMemory = 1U << 29U;
  const auto machines = static_cast<std::uint64_t>(
      std::max(1.0, std::min({fitting_machines(*this, kBytes, mean(*this, kept_bytes)),
                              kSeconds / mean(*this, machine_seconds), kMemory / largest(*this)})));
  const std::uint64_t round = machines >= 16'384 ? 1024 : machines >= 16 ? 16 : 1;  // whole vectors
  return machines / round * round;
}

std::uint64_t SweepSpec::shards(std::uint64_t each) const { return (machines() - 1) / each + 1; }

namespace {

/// Machines of one kind that a backend works on side by side.
std::uint64_t side_by_side(const SweepSpec& spec, const SweepConfiguration& kind) {
  constexpr std::uint64_t kLanes = 16;  // of cpu-fused, a thread
  const auto& backend = find_backend(spec.resolved_backend(kind));
  const bool fused = backend.strategy == Strategy::fused;
  if (!backend.on_gpu) return fused ? kLanes * static_cast<std::uint64_t>(threads_of(spec)) : 1;
  const auto& topology = spec.topologies[kind.topology];
  const auto rows = static_cast<std::uint64_t>(kind.batch) * static_cast<unsigned>(kind.particles);
  // Estimates: machines of cuda-fused that fill a device, and units of cuda-layered, over all rows.
  constexpr std::uint64_t kMachines = std::uint64_t{1} << 17U;
  constexpr std::uint64_t kUnits = std::uint64_t{1} << 21U;
  constexpr std::uint64_t kParameters = std::uint64_t{1} << 30U;  // what there is room for
  const auto filling =
      fused ? kMachines : kUnits / (static_cast<unsigned>(topology.units()) * rows);
  return std::max<std::uint64_t>(1, std::min(filling, kParameters / topology.parameters())) *
         std::max<std::uint64_t>(1, spec.devices.size());
}

/// Machines that keep all threads busy for some seconds, within a moderate amount of memory; 0 if
/// not all of the sweep is trained by all threads.
double busy_machines(const SweepSpec& spec) {
  constexpr double kSeconds = 4;  // what a kill loses
  constexpr double kMemory = 1U << 26U;
  constexpr double kRowBytes = 1U << 26U;
  for (const auto& kind : spec.kinds()) {
    const auto& backend = find_backend(spec.resolved_backend(kind));
    if (backend.on_gpu || backend.strategy == Strategy::scalar) return 0;
  }
  return std::min({kSeconds * threads_of(spec) / mean(spec, machine_seconds),
                   kMemory / largest(spec),
                   fitting_machines(spec, kRowBytes, mean(spec, kept_bytes))});
}

}  // namespace

double training_memory(const SweepSpec& spec, std::string_view backend, const Ensemble& ensemble) {
  const auto& topology = ensemble.topology;
  const auto options = spec.evaluation_options();
  const double evaluation =
      options.particles == 0
          ? 0
          : importance::RowEstimator::bytes(topology, options, ensemble.world, threads_of(spec));
  return static_cast<double>(trainer_bytes(backend, ensemble)) + evaluation +
         static_cast<double>(topology.parameters() * sizeof(float));
}

int threads_of(const SweepSpec& spec) {
  return spec.threads > 0 ? spec.threads : limits::default_threads().count;
}

std::uint64_t machines_at_once(const SweepSpec& spec, std::uint64_t each) {
  // Kinds take turns in a block, so all have the same share of it: on a GPU what suits the largest.
  const auto kinds = spec.kinds();
  std::uint64_t machines = 0;
  auto on_gpu = std::numeric_limits<std::uint64_t>::max();
  for (const auto& kind : kinds) {
    const auto fitting = side_by_side(spec, kind);
    machines += fitting;
    if (find_backend(spec.resolved_backend(kind)).on_gpu) on_gpu = std::min(on_gpu, fitting);
  }
  if (on_gpu < machines) machines = on_gpu * kinds.size();
  const auto busy = static_cast<std::uint64_t>(busy_machines(spec)) / each;
  return std::max((machines + each - 1) / each, busy) * each;
}

std::uint64_t blocks_at_once(const SweepSpec& spec) {
  const auto kinds = spec.kinds();
  const bool gpu = std::all_of(kinds.begin(), kinds.end(), [&](const auto& kind) {
    return find_backend(spec.resolved_backend(kind)).on_gpu;
  });
  return gpu ? 2 : 1;
}

SweepMemory sweep_memory(const SweepSpec& spec, std::uint64_t each) {
  const auto shard = std::min(machines_at_once(spec, each), spec.machines());
  SweepMemory memory;
  double kept = 0;
  for (const auto& kind : spec.kinds()) {
    memory.shard = std::max(memory.shard, training_memory(spec, spec.resolved_backend(kind),
                                                          trial_ensemble(spec, kind, shard)));
    kept = std::max(kept, kept_bytes(spec, kind));
  }
  // The rows, those still being written, the HDF5 file in memory, and its bytes.
  constexpr double kCopies = 4;
  const auto rows = static_cast<double>(shard);
  memory.shard += kCopies * (rows * row_bytes(spec) + most_kept(spec, rows) * kept);
  memory.shard *= static_cast<double>(blocks_at_once(spec));
  memory.summary = static_cast<double>(spec.machines()) * static_cast<double>(spec.evaluations()) *
                   sizeof(double) * (spec.likelihood_beside() != nullptr ? 2 : 1);
  return memory;
}

double disk_bytes(const SweepSpec& spec, std::uint64_t each) {
  constexpr double kFile = 4096;  // of a shard, besides its rows
  const double kept = mean(spec, kept_bytes);
  const auto shards = spec.shards(each);
  const auto machines = static_cast<double>(std::min(each, spec.machines()));
  return row_bytes(spec) * static_cast<double>(spec.machines()) +
         static_cast<double>(shards) * (kFile + most_kept(spec, machines) * kept);
}

}  // namespace helmholtz
