#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The instruction set that Highway's run-time dispatch uses.
namespace helmholtz::simd {

/// "avx3" (AVX-512), "avx2", "neon" or "portable" (no SIMD instructions; fused multiply-adds by
/// libm).
std::string target_name();

/// What HELMHOLTZ_SIMD and force_target accept here: the compiled instruction sets that this CPU
/// has.
std::vector<std::string> available_targets();

/// Restricts the dispatch to one of available_targets(), or "" for the best one, for the whole
/// process. Not while another thread dispatches. @throws InvalidArgument (field "HELMHOLTZ_SIMD")
void force_target(std::string_view name);

/// Applies the environment variable HELMHOLTZ_SIMD once; later calls do nothing.
/// @throws InvalidArgument (field "HELMHOLTZ_SIMD")
void apply_environment();

}  // namespace helmholtz::simd
