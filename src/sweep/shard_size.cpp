#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {

namespace {

/// Bytes of one machine's row in a shard, without its parameters.
double row_bytes(const SweepSpec& spec) {
  const double sampled = spec.samples > 0 ? sizeof(double) + sizeof(std::uint32_t) : 0;
  const double evaluation = sizeof(double) + sizeof(std::uint8_t) + sampled;
  return sizeof(std::uint64_t) + sizeof(std::uint32_t) +
         static_cast<double>(spec.evaluations()) * evaluation;
}

/// What keeping one machine's parameters adds.
double kept_bytes(const Topology& topology) {
  return sizeof(std::uint64_t) + static_cast<double>(topology.parameters()) * sizeof(float);
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
  if (!exact_is_feasible(topology)) return 0;
  double states = 0;
  for (int l = 1; l < topology.last(); ++l) {
    states += std::exp2(topology.size(l - 1) + topology.size(l));
  }
  return states + std::exp2(topology.size(topology.last() - 1)) * static_cast<double>(world.size());
}

/// Multiply-adds that one machine takes, about: its training and its evaluations.
double machine_work(const SweepSpec& spec, const SweepConfiguration& kind) {
  const auto& topology = spec.topologies[kind.topology];
  const auto parameters = static_cast<double>(topology.parameters());
  const double evaluation =
      parameters * static_cast<double>(spec.samples) + exact_states(topology, spec.world);
  return parameters * static_cast<double>(spec.steps) * kind.batch +
         static_cast<double>(spec.evaluations()) * evaluation;
}

}  // namespace

std::uint64_t SweepSpec::shard_machines() const {
  constexpr double kBytes = 4 * 1024 * 1024;
  // What a kill loses: about 20 s of two slow cores, 8 s of two fast ones.
  constexpr double kWork = 1ULL << 36U;
  // Parameters times batch rows: bounds a shard's memory and the time of its shortest piece of
  // work.
  constexpr double kMemory = 1U << 29U;
  double kept = 0;
  double work = 0;
  double memory = 0;
  const auto all = kinds();
  for (const auto& kind : all) {
    const auto& topology = topologies[kind.topology];
    kept += kept_bytes(topology) / static_cast<double>(all.size());
    work += machine_work(*this, kind) / static_cast<double>(all.size());
    memory = std::max(memory, static_cast<double>(topology.parameters()) * kind.batch);
  }
  const auto machines = static_cast<std::uint64_t>(std::max(
      1.0, std::min({fitting_machines(*this, kBytes, kept), kWork / work, kMemory / memory})));
  const std::uint64_t round = machines >= 1024 ? 1024 : machines >= 16 ? 16 : 1;  // whole vectors
  return machines / round * round;
}

std::uint64_t SweepSpec::shards() const {
  const auto each = shard_machines();
  return machines() / each + (machines() % each != 0 ? 1 : 0);
}

namespace {

/// Machines of one kind that a backend works on side by side.
std::uint64_t side_by_side(const SweepSpec& spec, const SweepConfiguration& kind) {
  constexpr std::uint64_t kLanes = 16;                             // of cpu-fused, a thread
  constexpr std::uint64_t kGpuMachines = std::uint64_t{1} << 17U;  // of cuda-fused, a device
  constexpr std::uint64_t kGpuParameters = std::uint64_t{1} << 30U;
  const auto backend = spec.resolved_backend(kind);
  if (backend == "cpu-fused") {
    return kLanes * static_cast<std::uint64_t>(
                        spec.threads > 0
                            ? spec.threads
                            : std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  }
  if (backend == "cuda-fused") {
    const auto room = kGpuParameters / spec.topologies[kind.topology].parameters();
    return std::clamp<std::uint64_t>(room, 1, kGpuMachines) *
           std::max<std::uint64_t>(1, spec.devices.size());
  }
  return 1;
}

}  // namespace

std::uint64_t machines_at_once(const SweepSpec& spec, std::uint64_t each) {
  std::uint64_t machines = 0;
  for (const auto& kind : spec.kinds()) machines += side_by_side(spec, kind);
  return (machines + each - 1) / each * each;
}

std::uint64_t blocks_at_once(const SweepSpec& spec) {
  const auto kinds = spec.kinds();
  const bool gpu = std::all_of(kinds.begin(), kinds.end(), [&](const auto& kind) {
    return spec.resolved_backend(kind).starts_with("cuda-");
  });
  return gpu ? 2 : 1;
}

SweepMemory sweep_memory(const SweepSpec& spec) {
  const auto shard = std::min(machines_at_once(spec, spec.shard_machines()), spec.machines());
  SweepMemory memory;
  double kept = 0;
  for (const auto& kind : spec.kinds()) {
    memory.shard = std::max(memory.shard, training_memory(spec.resolved_backend(kind),
                                                          trial_ensemble(spec, kind, shard)));
    kept = std::max(kept, kept_bytes(spec.topologies[kind.topology]));
  }
  // The rows, those still being written, the HDF5 file in memory, and its bytes.
  constexpr double kCopies = 4;
  const auto rows = static_cast<double>(shard);
  memory.shard += kCopies * (rows * row_bytes(spec) + most_kept(spec, rows) * kept);
  memory.shard *= static_cast<double>(blocks_at_once(spec));
  memory.summary = static_cast<double>(spec.machines()) * static_cast<double>(spec.evaluations()) *
                   sizeof(double);
  return memory;
}

double disk_bytes(const SweepSpec& spec) {
  constexpr double kFile = 4096;  // of a shard, besides its rows
  double kept = 0;
  const auto all = spec.kinds();
  for (const auto& kind : all) kept += kept_bytes(spec.topologies[kind.topology]);
  kept /= static_cast<double>(all.size());
  const auto shards = static_cast<double>(spec.shards());
  const auto each = static_cast<double>(std::min(spec.shard_machines(), spec.machines()));
  return row_bytes(spec) * static_cast<double>(spec.machines()) +
         shards * (kFile + most_kept(spec, each) * kept);
}

}  // namespace helmholtz
