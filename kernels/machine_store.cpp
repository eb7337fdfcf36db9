#include "machine_store.hpp"

#include <algorithm>
#include <string>

#include "launch_plan.hpp"
#include "plugin_abi.h"

namespace helmholtz::cuda {

MachineStore::MachineStore(int device, std::size_t machines, std::size_t parameters,
                           std::size_t scratch)
    : device_(device), machines_(machines), parameters_(parameters) {
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device));
  chunk_ = largest_chunk(machines, [&](std::size_t some) { return allocate(some, scratch); });
  if (chunk_ == 0) {
    throw OutOfDeviceMemory(HELMHOLTZ_FAILED,
                            "device " + std::to_string(device) + ": one machine needs " +
                                std::to_string((parameters + scratch) * sizeof(float)) +
                                " bytes, and there are not that many");
  }
  data_.clear();
  scratch_.clear();
  if (!resident()) {
    host_.resize((machines + chunk_ - 1) / chunk_ * chunk_ * parameters);
  }
}

bool MachineStore::allocate(std::size_t chunk, std::size_t scratch) {
  try {
    data_ = {};
    scratch_ = {};
    data_ = DeviceArray<float>(chunk * parameters_);
    scratch_ = DeviceArray<float>(chunk * scratch);
    return true;
  } catch (const OutOfDeviceMemory&) {
    return false;
  }
}

MachineStore::Chunk MachineStore::chunk(std::size_t first) const noexcept {
  return {.data = data_.get(),
          .scratch = scratch_.get(),
          .stride = chunk_,
          .first = first,
          .count = std::min(chunk_, machines_ - first)};
}

void MachineStore::for_each_chunk(const std::function<void(const Chunk&)>& body) {
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device_));
  for (std::size_t first = 0; first < machines_; first += chunk_) {
    const std::span<float> host =
        resident() ? std::span<float>()
                   : std::span(host_).subspan(host_offset(first), chunk_ * parameters_);
    data_.copy_in(host);
    body(chunk(first));
    data_.copy_out(host);
  }
}

void MachineStore::read(std::size_t first, std::size_t count, float* out) const {
  if (!resident()) {
    for (std::size_t i = 0; i < count; ++i) {
      const float* const machine = host_.data() + host_offset(first + i);
      for (std::size_t k = 0; k < parameters_; ++k) out[i * parameters_ + k] = machine[k * chunk_];
    }
    return;
  }
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device_));
  std::vector<float> columns(parameters_ * count);
  HELMHOLTZ_CUDA_CHECK(cudaMemcpy2D(columns.data(), count * sizeof(float), data_.get() + first,
                                    chunk_ * sizeof(float), count * sizeof(float), parameters_,
                                    cudaMemcpyDeviceToHost));
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < parameters_; ++k) out[i * parameters_ + k] = columns[k * count + i];
  }
}

void MachineStore::write(std::size_t first, std::size_t count, const float* in) {
  if (!resident()) {
    for (std::size_t i = 0; i < count; ++i) {
      float* const machine = host_.data() + host_offset(first + i);
      for (std::size_t k = 0; k < parameters_; ++k) machine[k * chunk_] = in[i * parameters_ + k];
    }
    return;
  }
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device_));
  std::vector<float> columns(parameters_ * count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < parameters_; ++k) columns[k * count + i] = in[i * parameters_ + k];
  }
  HELMHOLTZ_CUDA_CHECK(cudaMemcpy2D(data_.get() + first, chunk_ * sizeof(float), columns.data(),
                                    count * sizeof(float), count * sizeof(float), parameters_,
                                    cudaMemcpyHostToDevice));
}

}  // namespace helmholtz::cuda
