#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/fused/launch_plan.hpp"
#include "kernels/runtime/cubin_cache.hpp"
#include "kernels/runtime/nvrtc.hpp"

/// ThreadRegisters and WarpRegisters for one topology, compiled at run time.
namespace helmholtz::cuda {

/// The name of the kernel in what specialised_source() writes.
inline constexpr const char* kSpecialisedKernel = "helmholtz_kernel";

/// The plan for a kernel of its own, if a topology can have one that beats the generic ones:
/// ThreadRegisters where the parameters fit in a thread's registers, else WarpRegisters where they
/// fit in those of a warp.
/// @param forced  the one of these two that it has to be, if any
std::optional<LaunchPlan> plan_specialised(const FusedTask& task, const DeviceLimits& limits,
                                           std::optional<Variant> forced = std::nullopt);

/// Of a kernel for the task's sizes, non-negativity and kind of patterns, and the plan's variant
/// and lanes.
std::string specialised_source(const FusedTask& task, const LaunchPlan& plan);
/// @param architecture  10 * major + minor of a compute capability
std::vector<std::string> specialised_options(int architecture);

/// From the cache, or compiled and put there.
/// @return empty if it does not compile
std::string specialised_cubin(const FusedTask& task, const LaunchPlan& plan, int architecture,
                              const Nvrtc& compiler, CubinCache& cache);

}  // namespace helmholtz::cuda
