#pragma once

#include <cuda_runtime_api.h>

#include <functional>

/// The functions of CUDA's runtime that the plugin calls, on the host: what the plugin does around
/// its kernels is tested without a device.
///
/// Streams are as lazy as they may be. What they are given is done when somebody waits for it, and
/// then in an order of streams drawn at random, so that a wait that is missing shows as wrong bits.
/// Memory is not zero at first. Copies from plain host memory are staged when they are called,
/// copies from pinned memory read when they are done. A graph is done in any order that it allows.
///
/// Memory that is freed in a stream's order is overwritten there, whoever still uses it.
///
/// It does not show all that a capture forbids, limits of a launch, or attributes of a kernel; and
/// a stream that is destroyed is waited for.
///
/// Environment: HELMHOLTZ_HOST_DEVICES, how many there are (default 2);
/// HELMHOLTZ_HOST_DEVICE_BYTES, the memory of each (default 1 GiB); HELMHOLTZ_HOST_POOLS=0: they
/// have no memory pools; HELMHOLTZ_HOST_FAULT=N: kernel number N fails as a bad address does, and
/// every call after it; HELMHOLTZ_HOST_DRIVER_ERROR=N: cudaGetDeviceCount fails with cudaError N.
namespace helmholtz::testing {

/// Gives a stream a kernel.
/// @throws cuda::CudaError after a fault, as a launch does
void launch_on_host(cudaStream_t stream, std::function<void()> kernel);

/// Whether a stream captures what this thread gives it.
bool thread_captures();

}  // namespace helmholtz::testing
