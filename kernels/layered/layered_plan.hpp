#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/layered/layered_task.hpp"
#include "kernels/plugin/plugin_abi.h"

/// How cuda-layered spreads its work, as plain functions: results depend on the topology, the batch
/// and the math alone.
namespace helmholtz::cuda {

/// What of a task does not change; its pointers are the ensemble's.
LayeredTask layered_task_of(const helmholtz_ensemble& ensemble, Math math);

/// Threads that share a unit's columns in the error kernel, a power of two up to kErrorBlock.
inline constexpr std::uint32_t kErrorBlock = 256;
std::uint32_t error_lanes(int columns);

/// Floats of a machine that are kept: its parameters, and the means of its optimiser.
std::size_t layered_kept(const LayeredTask& task);
/// Points parameters and state into `kept`, [capacity * layered_kept(task)].
void place_kept(LayeredTask& task, float* kept);

/// Floats of a machine beside those.
std::size_t layered_scratch(const LayeredTask& task);
/// Points the task's other arrays into `scratch`, [capacity * layered_scratch(task)].
void place_scratch(LayeredTask& task, float* scratch);

/// Threads for `items` of each of some machines; x counts blocks of items, y machines.
struct Grid {
  std::uint32_t x = 1;
  std::uint32_t y = 1;
  std::uint32_t block = 32;
  std::uint32_t items = 1;
};
/// @throws std::length_error if threads would have no 32-bit number
Grid grid_of(std::uint64_t items, std::uint32_t machines);

/// Machines whose parameters are gathered at a time, up to `machines`: bounds GatherTask::out.
std::uint32_t gathered_machines(const LayeredShape& shape, std::uint32_t machines);

/// A machine's parameters from the order of files to the device's, and back.
void pack(const LayeredShape& shape, const float* machine, float* device);
void unpack(const LayeredShape& shape, const float* device, float* machine);
/// Likewise its optimiser's state, helmholtz::optimizer_state_floats() and task.state_floats().
void pack_state(const LayeredTask& task, const float* machine, float* device);
void unpack_state(const LayeredTask& task, const float* device, float* machine);

}  // namespace helmholtz::cuda
