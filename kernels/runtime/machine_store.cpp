#include "kernels/runtime/machine_store.hpp"

#include <vector>

namespace helmholtz::cuda {

void MachineStore::read(std::size_t first, std::size_t count, float* out) const {
  const auto parameters = need().kept;
  std::vector<float> columns;
  if (resident()) {
    HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device()));
    columns.resize(parameters * count);
    HELMHOLTZ_CUDA_CHECK(cudaMemcpy2D(columns.data(), count * sizeof(float), on_device() + first,
                                      capacity() * sizeof(float), count * sizeof(float), parameters,
                                      cudaMemcpyDeviceToHost));
  }
  const auto stride = resident() ? count : capacity();
  for (std::size_t i = 0; i < count; ++i) {
    const float* const machine =
        resident() ? columns.data() + i : on_host(first + i) + (first + i) % capacity();
    for (std::size_t k = 0; k < parameters; ++k) out[i * parameters + k] = machine[k * stride];
  }
}

void MachineStore::write(std::size_t first, std::size_t count, const float* in) {
  const auto parameters = need().kept;
  std::vector<float> columns(resident() ? parameters * count : 0);
  const auto stride = resident() ? count : capacity();
  for (std::size_t i = 0; i < count; ++i) {
    float* const machine =
        resident() ? columns.data() + i : on_host(first + i) + (first + i) % capacity();
    for (std::size_t k = 0; k < parameters; ++k) machine[k * stride] = in[i * parameters + k];
  }
  if (!resident()) return;
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device()));
  HELMHOLTZ_CUDA_CHECK(cudaMemcpy2D(on_device() + first, capacity() * sizeof(float), columns.data(),
                                    count * sizeof(float), count * sizeof(float), parameters,
                                    cudaMemcpyHostToDevice));
  finish_copies();
}

}  // namespace helmholtz::cuda
