#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "device_shares.hpp"
#include "device_trainer.hpp"
#include "evaluator.hpp"

namespace helmholtz::cuda {

/// A trainer whose machines are split over devices.
/// @tparam Share  machines(), parameters() of each, bytes() of its device; train(), read(),
/// write(),
///                evaluate(wanted, first) and kl_quantiles() of its own machines
template <class Share>
class SplitTrainer final : public DeviceTrainer {
 public:
  /// @param make  as of DeviceShares
  template <class Make>
  SplitTrainer(std::size_t machines, std::span<const std::int32_t> devices, Make make)
      : shares_(machines, devices, make), parameters_(shares_.all().front()->parameters()) {}

  void train(const helmholtz_steps& steps) override {
    shares_.on_every_device([&](Share& share) { share.train(steps); });
  }

  void evaluate(const helmholtz_evaluation& wanted) override { evaluate_shares(shares_, wanted); }

  void kl_quantiles(std::span<const double> probabilities, double* out) override {
    if (shares_.all().size() != 1) throw NotOnDevice();
    shares_.all().front()->kl_quantiles(probabilities, out);
  }

  [[nodiscard]] std::uint64_t device_bytes() const override {
    return shares_.sum([](const Share& share) { return share.bytes(); });
  }

  void read(std::uint64_t first, std::uint64_t count, float* out) const override {
    shares_.for_each_part(first, count, [&](const Share& share, auto from, auto some, auto done) {
      share.read(from, some, out + done * parameters_);
    });
  }

  void write(std::uint64_t first, std::uint64_t count, const float* in) override {
    shares_.for_each_part(first, count, [&](Share& share, auto from, auto some, auto done) {
      share.write(from, some, in + done * parameters_);
    });
  }

 private:
  DeviceShares<Share> shares_;
  std::size_t parameters_;
};

}  // namespace helmholtz::cuda
