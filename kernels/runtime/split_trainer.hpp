#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "kernels/evaluate/evaluator.hpp"
#include "kernels/runtime/device_trainer.hpp"

namespace helmholtz::cuda {

/// Makes `device` current; returns it for initialiser lists.
inline int use(int device) {
  HELMHOLTZ_CUDA_CHECK(cudaSetDevice(device));
  return device;
}

/// A trainer whose machines are split over devices, in order: each device has a share of them, and
/// a thread of its own while it works.
/// @tparam Share  parameters() of each of its machines, bytes() of its device; train(), read(),
///                write(), evaluate(wanted, first) and kl_quantiles() of its own machines
template <class Share>
class SplitTrainer final : public DeviceTrainer {
 public:
  /// @param make  (device, first machine, machines) -> std::unique_ptr<Share>
  template <class Make>
  SplitTrainer(std::size_t machines, std::span<const std::int32_t> devices, Make make)
      : part_((machines + devices.size() - 1) / devices.size()) {
    for (std::size_t i = 0; i < devices.size() && i * part_ < machines; ++i) {
      const auto first = i * part_;
      shares_.push_back(make(devices[i], first, std::min(part_, machines - first)));
    }
  }

  void train(const helmholtz_steps& steps) override {
    side_by_side(shares_.size(), [&](std::size_t i) { shares_[i]->train(steps); });
  }

  void evaluate(const helmholtz_evaluation& wanted) override {
    for_each_part(wanted.first, wanted.count, [&](Share& share, auto from, auto some, auto done) {
      auto part = shifted(wanted, done);
      part.count = some;
      share.evaluate(part, from);
    });
  }

  void kl_quantiles(std::span<const double> probabilities, double* out) override {
    if (shares_.size() != 1) throw NotOnDevice();
    shares_.front()->kl_quantiles(probabilities, out);
  }

  [[nodiscard]] std::uint64_t device_bytes() const override {
    std::uint64_t bytes = 0;
    for (const auto& share : shares_) bytes += share->bytes();
    return bytes;
  }

  void read(std::uint64_t first, std::uint64_t count, float* out) const override {
    for_each_part(first, count, [&](const Share& share, auto from, auto some, auto done) {
      share.read(from, some, out + done * share.parameters());
    });
  }

  void write(std::uint64_t first, std::uint64_t count, const float* in) override {
    for_each_part(first, count, [&](Share& share, auto from, auto some, auto done) {
      share.write(from, some, in + done * share.parameters());
    });
  }

 private:
  /// body(share, first machine of the share, machines, machines before them) where each share's
  /// part of machines [first, first + count) lies, side by side.
  template <class Body>
  void for_each_part(std::size_t first, std::size_t count, Body body) const {
    const auto begin = first / part_;
    const auto end = count == 0 ? begin : (first + count - 1) / part_ + 1;
    side_by_side(end - begin, [&](std::size_t i) {
      const auto from = std::max(first, (begin + i) * part_);
      const auto to = std::min(first + count, (begin + i + 1) * part_);
      body(*shares_[begin + i], from % part_, to - from, from - first);
    });
  }

  /// body(0) to body(count - 1), each from a thread of its own if there are several.
  /// @throws what the first of them that failed has thrown
  template <class Body>
  static void side_by_side(std::size_t count, Body body) {
    std::vector<std::exception_ptr> failures(count);
    const auto run = [&](std::size_t i) {
      try {
        body(i);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    };
    {
      std::vector<std::jthread> threads;  // each is waited for, whatever happens
      for (std::size_t i = 1; i < count; ++i) threads.emplace_back(run, i);
      if (count > 0) run(0);
    }
    for (const auto& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
  }

  std::size_t part_;  ///< machines of a share, but the last
  std::vector<std::unique_ptr<Share>> shares_;
};

}  // namespace helmholtz::cuda
