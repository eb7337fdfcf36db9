#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "host_device/host_graph.hpp"

/// Streams, events and memory of host_runtime.hpp.
namespace helmholtz::testing {

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// A point in a stream's work.
struct Mark {
  bool reached = false;
};
using MarkPointer = std::shared_ptr<Mark>;

/// A piece of work: held until a mark of another stream is reached, if there is one.
struct Work {
  std::function<void()> run;
  MarkPointer held_by = nullptr;
};

struct HostStream {
  std::deque<Work> work;
  HostCapture capture;  ///< work goes here while a graph is captured
};

/// Its last record: a mark in a stream's work, or a place in what is captured.
struct HostEvent {
  MarkPointer mark = nullptr;
  HostCapture capture;
};

/// What all calls share; who calls holds the mutex.
class Runtime {
 public:
  /// What the calls of one thread after the other see.
  static Runtime& get() {
    static Runtime runtime;
    return runtime;
  }
  Runtime() = default;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  /// The end of a process frees what nobody waited for.
  ~Runtime() {
    for (auto* const memory : freed_) std::free(memory);
  }

  std::recursive_mutex mutex;
  cudaError_t fault = cudaSuccess;  ///< of a kernel: stays for ever
  cudaError_t last_error = cudaSuccess;

  void give(HostStream& stream, Work work) {
    if (stream.capture.graph) return stream.capture.give(std::move(work.run));
    stream.work.push_back(std::move(work));
  }

  HostStream& stream(cudaStream_t handle) {
    const bool is_default = handle == nullptr || handle == cudaStreamLegacy;
    return is_default ? default_stream_ : *reinterpret_cast<HostStream*>(handle);
  }
  cudaStream_t create_stream() {
    streams_.push_back(std::make_unique<HostStream>());
    return reinterpret_cast<cudaStream_t>(streams_.back().get());
  }
  void destroy(cudaStream_t handle) {
    finish(stream(handle));
    std::erase_if(streams_, [&](const auto& own) { return own.get() == &stream(handle); });
  }

  /// Ends the capture that the stream has begun; null if that has failed: if a call was refused, or
  /// a stream that has joined it was not waited for.
  std::shared_ptr<HostGraph> end_capture(HostStream& begun) {
    const auto capture = std::exchange(begun.capture, {});
    bool is_valid = capture.is_valid;
    for (const auto& stream : streams_) {
      if (stream->capture.graph != capture.graph) continue;
      const auto joined = std::exchange(stream->capture, {});
      is_valid = is_valid && capture.graph->come_before(joined.last, capture.last);
    }
    return is_valid ? capture.graph : nullptr;
  }
  void launch(const HostGraph& graph, HostStream& stream) {
    give(stream, {[this, graph] { graph.run(order_); }});
  }

  void finish(HostStream& stream) {
    while (!stream.work.empty() && fault == cudaSuccess) do_something();
  }
  void finish(const MarkPointer& mark) {
    while (mark && !mark->reached && fault == cudaSuccess) do_something();
  }
  void finish_all() {
    finish(default_stream_);
    for (const auto& stream : streams_) finish(*stream);
  }

  cudaError_t allocate(int device, void** out, std::size_t bytes) {
    auto& used = used_[device];
    if (bytes > capacity_ - std::min(used, capacity_)) return cudaErrorMemoryAllocation;
    auto& block = blocks_[*out = std::malloc(bytes)];
    block = {device, bytes};
    std::memset(*out, 0xA5, bytes);
    used += bytes;
    return cudaSuccess;
  }
  /// As CUDA does, waits for the device.
  void free(void* memory) {
    if (memory == nullptr) return;
    finish_all();
    const auto block = blocks_.extract(memory).mapped();
    used_[block.device] -= block.bytes;
    std::free(memory);
  }
  /// Waits for nobody: whoever still uses it finds it overwritten.
  void free_in_order(void* memory, HostStream& stream) {
    const auto block = blocks_.extract(memory).mapped();
    freed_.insert(memory);
    give(stream, {[this, memory, block] {
           freed_.erase(memory);
           std::memset(memory, 0x5A, block.bytes);
           used_[block.device] -= block.bytes;
           std::free(memory);
         }});
  }
  [[nodiscard]] std::size_t free_bytes(int device) { return capacity_ - used_[device]; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  void* allocate_pinned(std::size_t bytes) {
    void* const memory = std::malloc(bytes);
    pinned_[static_cast<char*>(memory)] = bytes;
    return memory;
  }
  void free_pinned(void* memory) {
    finish_all();
    pinned_.erase(static_cast<char*>(memory));
    std::free(memory);
  }
  [[nodiscard]] bool is_pinned(const void* address) const {
    const auto* const at = static_cast<const char*>(address);
    auto block = pinned_.upper_bound(const_cast<char*>(at));  // NOLINT: a key, not written to
    if (block == pinned_.begin()) return false;
    --block;
    return at < block->first + block->second;
  }

  void count_kernel() {
    if (++kernels_ == fault_at_) fault = cudaErrorIllegalAddress;
  }

 private:
  struct Block {
    int device;
    std::size_t bytes;
  };

  static bool is_ready(const HostStream& stream) {
    return !stream.work.empty() &&
           (!stream.work.front().held_by || stream.work.front().held_by->reached);
  }

  /// One piece of work of a stream that has any and is not held.
  void do_something() {
    std::vector<HostStream*> ready;
    if (is_ready(default_stream_)) ready.push_back(&default_stream_);
    for (const auto& stream : streams_) {
      if (is_ready(*stream)) ready.push_back(stream.get());
    }
    if (ready.empty()) std::abort();  // streams that wait for each other for ever
    auto& stream = *ready[order_() % ready.size()];
    const auto work = std::move(stream.work.front());
    stream.work.pop_front();
    if (work.run) work.run();
  }

  HostStream default_stream_;
  std::vector<std::unique_ptr<HostStream>> streams_;
  std::map<void*, Block> blocks_;
  std::set<void*> freed_;  ///< in a stream's order that has not come to it
  std::map<char*, std::size_t> pinned_;
  std::map<int, std::size_t> used_;
  std::size_t capacity_ = from_environment("HELMHOLTZ_HOST_DEVICE_BYTES", std::uint64_t{1} << 30U);
  std::uint64_t fault_at_ = from_environment("HELMHOLTZ_HOST_FAULT", 0);
  std::uint64_t kernels_ = 0;
  std::mt19937 order_;
};

}  // namespace helmholtz::testing
