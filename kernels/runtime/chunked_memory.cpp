#include "kernels/runtime/chunked_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string>

#include "kernels/runtime/device.hpp"
#include "kernels/runtime/device_limits.hpp"

namespace helmholtz::cuda {

namespace {

/// Bytes that the machines of a trainer may take: for checks, of machines that take turns.
std::size_t allowed_bytes() {
  const char* const bytes = std::getenv("HELMHOLTZ_CUDA_MEMORY");
  return bytes == nullptr ? std::numeric_limits<std::size_t>::max()
                          : std::strtoull(bytes, nullptr, 10);
}

}  // namespace

ChunkedMemory::ChunkedMemory(const Share& share, const Need& need) : share_(share), need_(need) {
  use(share.device);
  // NOLINTNEXTLINE(cppcoreguidelines-prefer-member-initializer): allocate() takes the other members
  capacity_ = largest_chunk(share.count, [&](std::size_t machines) { return allocate(machines); });
  if (capacity_ == 0) {
    const auto bytes = (need.kept + need.scratch) * sizeof(float);
    throw AllocationFailure(HELMHOLTZ_NO_MEMORY,
                            "device " + std::to_string(share.device) + " has not enough memory: " +
                                std::to_string(bytes) + " bytes for one machine");
  }
  for (auto& slot : slots_) slot.clear();
  scratch_.clear();
  if (resident()) return;
  host_ = HostArray<float>(chunks() * chunk_floats());
  traffic_ = std::make_unique<Traffic>();
}

bool ChunkedMemory::allocate(std::size_t capacity) {
  constexpr std::size_t kPart = 16;  // of it is left to tables and evaluations
  const auto slots = capacity < share_.count ? kSlots : 1;
  if (capacity * (slots * need_.kept + need_.scratch) * sizeof(float) > allowed_bytes()) {
    return false;
  }
  try {
    for (auto& slot : slots_) slot = {};
    scratch_ = {};
    slots_[0] = DeviceArray<float>(capacity * need_.kept);
    if (capacity < share_.count) slots_[1] = DeviceArray<float>(capacity * need_.kept);
    scratch_ = DeviceArray<float>(capacity * need_.scratch);
    const DeviceArray<std::byte> left(bytes() / kPart);
    return true;
  } catch (const AllocationFailure&) {
    return false;
  }
}

std::size_t ChunkedMemory::bytes() const noexcept {
  return (slots_[0].size() + slots_[1].size() + scratch_.size()) * sizeof(float);
}

ChunkedMemory::Chunk ChunkedMemory::chunk(std::size_t number) const {
  const auto first = number * capacity_;
  return {.data = slots_[number % kSlots].get(),
          .scratch = scratch_.get(),
          .capacity = capacity_,
          .first = first,
          .count = std::min(capacity_, share_.count - first),
          .number = number};
}

void ChunkedMemory::for_each_chunk(const std::function<void(const Chunk&)>& body) {
  visit(0, chunks(), Access::write, body);
}

void ChunkedMemory::read_chunks(std::size_t first, std::size_t count,
                                const std::function<void(const Chunk&)>& body) {
  if (count == 0) return;
  visit(first / capacity_, (first + count - 1) / capacity_ + 1, Access::read, body);
}

void ChunkedMemory::visit(std::size_t begin, std::size_t end, Access access,
                          const std::function<void(const Chunk&)>& body) {
  use(share_.device);
  if (resident()) return body(chunk(0));
  fetch(begin);
  for (auto number = begin; number < end; ++number) {
    if (number + 1 < end) fetch(number + 1);
    traffic_->arrived[number % kSlots].wait();
    body(chunk(number));
    if (access == Access::write) send(number);
  }
  traffic_->outgoing.wait();
}

/// Into its slot, as soon as the chunk that was there has left.
void ChunkedMemory::fetch(std::size_t number) {
  const auto slot = number % kSlots;
  traffic_->left[slot].hold(traffic_->incoming);
  HELMHOLTZ_CUDA_CHECK(cudaMemcpyAsync(slots_[slot].get(), host_.get() + number * chunk_floats(),
                                       chunk_floats() * sizeof(float), cudaMemcpyHostToDevice,
                                       traffic_->incoming.get()));
  traffic_->arrived[slot].record(traffic_->incoming);
}

void ChunkedMemory::send(std::size_t number) {
  const auto slot = number % kSlots;
  HELMHOLTZ_CUDA_CHECK(cudaMemcpyAsync(host_.get() + number * chunk_floats(), slots_[slot].get(),
                                       chunk_floats() * sizeof(float), cudaMemcpyDeviceToHost,
                                       traffic_->outgoing.get()));
  traffic_->left[slot].record(traffic_->outgoing);
}

}  // namespace helmholtz::cuda
