#include "chunked_memory.hpp"

#include <algorithm>
#include <string>

#include "launch_plan.hpp"
#include "plugin_abi.h"

namespace helmholtz::cuda {

ChunkedMemory::ChunkedMemory(int device, std::size_t machines, const Need& need, std::size_t group)
    : device_(device), machines_(machines), need_(need) {
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device));
  const auto groups = (machines + group - 1) / group;
  capacity_ =
      group * largest_chunk(groups, [&](std::size_t some) { return allocate(some * group); });
  if (capacity_ == 0) {
    const auto bytes = group * (need.kept + need.scratch) * sizeof(float);
    throw OutOfDeviceMemory(HELMHOLTZ_FAILED, "device " + std::to_string(device) + ": " +
                                                  std::to_string(group) + " machines need " +
                                                  std::to_string(bytes) +
                                                  " bytes, and there are not that many");
  }
  data_.clear();
  scratch_.clear();
  if (!resident()) {
    host_.resize((machines + capacity_ - 1) / capacity_ * capacity_ * need.kept);
  }
}

bool ChunkedMemory::allocate(std::size_t capacity) {
  try {
    data_ = {};
    scratch_ = {};
    data_ = DeviceArray<float>(capacity * need_.kept);
    scratch_ = DeviceArray<float>(capacity * need_.scratch);
    return true;
  } catch (const OutOfDeviceMemory&) {
    return false;
  }
}

void ChunkedMemory::for_each_chunk(const std::function<void(const Chunk&)>& body) {
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device_));
  for (std::size_t first = 0; first < machines_; first += capacity_) {
    const std::span<float> host =
        resident() ? std::span<float>() : std::span(on_host(first), capacity_ * need_.kept);
    data_.copy_in(host);
    body({.data = data_.get(),
          .scratch = scratch_.get(),
          .capacity = capacity_,
          .first = first,
          .count = std::min(capacity_, machines_ - first)});
    data_.copy_out(host);
  }
}

}  // namespace helmholtz::cuda
