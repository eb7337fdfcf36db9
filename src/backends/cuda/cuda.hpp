#pragma once

#include <memory>
#include <optional>
#include <string>

#include "backends/backend.hpp"

/// The CUDA backends as libhelmholtz sees them: behind a plugin (kernels/plugin/plugin_abi.h).
namespace helmholtz::plugin {

/// One thread, or a few, a machine; thousands of steps a launch with the weights on chip.
/// @throws NoDevice if there is no plugin or device
std::unique_ptr<Backend> make_fused(Ensemble ensemble, const TrainerOptions& options);

/// A layer of all machines at a time, by cuBLAS.
/// @throws NoDevice if there is no plugin, device or cuBLAS
std::unique_ptr<Backend> make_layered(Ensemble ensemble, const TrainerOptions& options);

/// Nothing if cuda-layered can train the ensemble, else what it allows.
std::optional<std::string> layered_supports(const Ensemble& ensemble);

/// Bytes of the host's memory.
std::size_t host_bytes(const Ensemble& ensemble);

/// What the devices are.
/// @throws NoDevice with the reason why there are none
std::string detail();
/// The same with cuBLAS.
std::string layered_detail();

}  // namespace helmholtz::plugin
