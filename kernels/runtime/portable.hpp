#pragma once

/// Attributes of functions that run on a device when a CUDA compiler reads them, and on the host
/// otherwise: tests compile every kernel's body for the host and compare its bits.
#ifdef __CUDACC__
#define HELMHOLTZ_DEVICE __device__ __forceinline__
#define HELMHOLTZ_DEVICE_BODY __attribute__((always_inline))
#define HELMHOLTZ_DEVICE_HOST __host__ __device__ __forceinline__
#else
#define HELMHOLTZ_DEVICE inline
#define HELMHOLTZ_DEVICE_HOST inline
#define HELMHOLTZ_DEVICE_BODY __attribute__((always_inline))
#endif
