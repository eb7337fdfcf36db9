#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

/// Reductions over all machines, by Thrust in a stream; the arrays are the device's. Each waits for
/// its result.
namespace helmholtz::cuda {

/// Compaction: writes the numbers of the machines whose flag is 0, ascending.
/// @param flags, numbers  [machines]
/// @return how many there are
std::uint32_t select_unflagged(const std::uint8_t* flags, std::uint32_t machines,
                               std::uint32_t* numbers, cudaStream_t stream);

/// Writes the values of those machines in ascending order.
/// @param flags, values, sorted  [machines]; values that are wanted are no NaN
/// @return how many there are
std::size_t sort_unflagged(const std::uint8_t* flags, const double* values, std::uint32_t machines,
                           double* sorted, cudaStream_t stream);

}  // namespace helmholtz::cuda
