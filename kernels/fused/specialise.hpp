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

/// What a kernel is compiled for.
struct Speciality {
  std::vector<int> sizes;                      ///< layers, top first
  Variant variant = Variant::ThreadRegisters;  ///< or WarpRegisters
  std::uint32_t lanes = 1;
  bool nonnegative = false;
  bool chained = false;
};

/// The plan for a kernel of its own, if a topology can have one that beats the generic ones:
/// ThreadRegisters where the parameters fit in a thread's registers, else WarpRegisters where they
/// fit in those of a warp.
std::optional<LaunchPlan> plan_specialised(const FusedTask& task, const DeviceLimits& limits);
Speciality speciality_of(const FusedTask& task, const LaunchPlan& plan);

std::string specialised_source(const Speciality& speciality);
/// @param architecture  10 * major + minor of a compute capability
std::vector<std::string> specialised_options(int architecture);

/// From the cache, or compiled and put there.
/// @return empty if it does not compile
std::string specialised_cubin(const Speciality& speciality, int architecture, const Nvrtc& compiler,
                              const CubinCache& cache);

}  // namespace helmholtz::cuda
