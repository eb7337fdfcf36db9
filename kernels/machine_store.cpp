#include "machine_store.hpp"

#include <vector>

namespace helmholtz::cuda {

void MachineStore::read(std::size_t first, std::size_t count, float* out) const {
  const auto stride = memory_.capacity();
  if (!memory_.resident()) {
    for (std::size_t i = 0; i < count; ++i) {
      const float* const machine = memory_.on_host(first + i) + (first + i) % stride;
      for (std::size_t k = 0; k < parameters_; ++k) out[i * parameters_ + k] = machine[k * stride];
    }
    return;
  }
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device()));
  std::vector<float> columns(parameters_ * count);
  HELMHOLTZ_CUDA_CHECK(cudaMemcpy2D(columns.data(), count * sizeof(float),
                                    memory_.on_device() + first, stride * sizeof(float),
                                    count * sizeof(float), parameters_, cudaMemcpyDeviceToHost));
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < parameters_; ++k) out[i * parameters_ + k] = columns[k * count + i];
  }
}

void MachineStore::write(std::size_t first, std::size_t count, const float* in) {
  const auto stride = memory_.capacity();
  if (!memory_.resident()) {
    for (std::size_t i = 0; i < count; ++i) {
      float* const machine = memory_.on_host(first + i) + (first + i) % stride;
      for (std::size_t k = 0; k < parameters_; ++k) machine[k * stride] = in[i * parameters_ + k];
    }
    return;
  }
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device()));
  std::vector<float> columns(parameters_ * count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < parameters_; ++k) columns[k * count + i] = in[i * parameters_ + k];
  }
  HELMHOLTZ_CUDA_CHECK(cudaMemcpy2D(memory_.on_device() + first, stride * sizeof(float),
                                    columns.data(), count * sizeof(float), count * sizeof(float),
                                    parameters_, cudaMemcpyHostToDevice));
  finish_copies();
}

}  // namespace helmholtz::cuda
