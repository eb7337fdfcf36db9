#pragma once

#include "host_device/host_streams.hpp"

/// What every call of the stand-in runtime begins and ends with.
namespace helmholtz::testing {

inline thread_local int current_device = 0;

/// Bytes between the rows of cudaMemcpy2D: so few that some tests' machines have more.
inline constexpr int kMaxPitch = 256;

/// A call of the runtime: body() with nobody else at work. A fault stays for ever.
template <class Body>
cudaError_t call(Body body) {
  auto& runtime = Runtime::get();
  const std::scoped_lock lock(runtime.mutex);
  auto status = runtime.fault;
  if (status == cudaSuccess) status = body(runtime);
  if (runtime.fault != cudaSuccess) status = runtime.fault;
  if (status != cudaSuccess) runtime.last_error = status;
  return status;
}

/// As call(), for what cannot fail.
template <class Body>
cudaError_t act(Body body) {
  return call([&](Runtime& runtime) {
    body(runtime);
    return cudaSuccess;
  });
}

/// As act(), for what gives something back: a fault does not keep it.
template <class Body>
cudaError_t release(Body body) {
  auto& runtime = Runtime::get();
  const std::scoped_lock lock(runtime.mutex);
  body(runtime);
  return runtime.fault;
}

}  // namespace helmholtz::testing
