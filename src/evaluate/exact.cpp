// The exact evaluation: SIMD lane = machine. What stands before HWY_ONCE is compiled once for each
// instruction set; HWY_DYNAMIC_DISPATCH picks at run time.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <new>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "evaluate/exact.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <fmt/format.h>
#include <hwy/aligned_allocator.h>

#include "evaluate/exact_plan_view.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "model/portable_math.hpp"
#include "simd/double_ops-inl.hpp"
#include "simd/target.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {
namespace {

#define HELMHOLTZ_FN HWY_INLINE
#include "evaluate/exact_layers.inl"
#undef HELMHOLTZ_FN

std::size_t lanes() { return DoubleOps::kLanes; }

/// Asks about every millisecond.
class AsksToStop {
 public:
  explicit AsksToStop(const std::function<bool()>& requested) : requested_(requested) {}

  bool after(std::size_t elements) {
    constexpr std::size_t kPatience = std::size_t{1} << 16U;
    work_ += elements;
    if (work_ >= kPatience && requested_) {
      work_ = 0;
      stopped_ = stopped_ || requested_();
    }
    return stopped_;
  }
  [[nodiscard]] bool stopped() const { return stopped_; }

 private:
  const std::function<bool()>& requested_;
  std::size_t work_ = 0;
  bool stopped_ = false;
};

/// exact_log_q and exact_kl of exact_layers.inl for a block of as many machines as there are lanes.
/// @param parameters      [generative parameters][lanes], aligned to 64 bytes
/// @param memory          aligned to 64 bytes
/// @param kl              [lanes], nats, aligned to 64 bytes
/// @param stop_requested  may be empty
/// @return false if that ended it
bool exact_block(const ExactPlanView& plan, const double* parameters, const ExactMemory& memory,
                 double* kl, const std::function<bool()>& stop_requested) {
  AsksToStop stop(stop_requested);
  exact_log_q<DoubleOps>(plan, parameters, memory, stop);
  if (stop.stopped()) return false;
  DoubleOps::store(exact_kl<DoubleOps>(plan, parameters, memory.log_q), kl, 0);
  return true;
}

}  // namespace
}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz {

HWY_EXPORT(lanes);
HWY_EXPORT(exact_block);

bool exact_is_feasible(const Topology& topology) { return topology.shape().is_enumerable(); }

bool exact_is_feasible(const Topology& topology, const World& world) {
  return exact_is_feasible(topology) && !world.is_data();
}

namespace {

std::vector<LayerView> generative_layers(const Topology& topology) {
  if (!exact_is_feasible(topology)) {
    throw InvalidArgument("layers", topology.to_string(),
                          fmt::format("at most {} units in a hidden layer and in two neighbouring "
                                      "hidden layers, for exact evaluation",
                                      kMaxExactUnits));
  }
  std::vector<LayerView> layers;
  for (int l = 0; l <= topology.last(); ++l) layers.push_back(topology.generative(l));
  return layers;
}

/// How a topology's machines are evaluated exactly against a world.
class ExactPlan {
 public:
  /// @throws InvalidArgument (fields "layers", "world") unless exact_is_feasible(topology, world)
  ExactPlan(const Topology& topology, const World& world)
      : layers_(generative_layers(topology)),
        probabilities_(world.probabilities().begin(), world.probabilities().end()) {
    require_enumerable(world);
    for (const double p : probabilities_) log_probabilities_.push_back(portable::log(p));
    pattern_begin_.push_back(0);
    for (std::size_t k = 0; k < world.size(); ++k) {
      for (int unit = 0; unit < world.visible_units(); ++unit) {
        if (world.bit(k, unit)) pattern_units_.push_back(static_cast<std::uint32_t>(unit));
      }
      pattern_begin_.push_back(pattern_units_.size());
    }
  }

  [[nodiscard]] ExactPlanView view() const {
    return {.layers = layers_.data(),
            .last = static_cast<int>(layers_.size()) - 1,
            .patterns = probabilities_.size(),
            .pattern_begin = pattern_begin_.data(),
            .pattern_units = pattern_units_.data(),
            .probabilities = probabilities_.data(),
            .log_probabilities = log_probabilities_.data()};
  }
  /// Of ExactMemory: at most about 2^20 elements beside the widest layer's activities.
  [[nodiscard]] ExactSizes sizes() const {
    return {layers_.data(), static_cast<int>(layers_.size()) - 1, probabilities_.size()};
  }

 private:
  std::vector<LayerView> layers_;
  std::vector<std::size_t> pattern_begin_;
  std::vector<std::uint32_t> pattern_units_;
  std::vector<double> probabilities_;
  std::vector<double> log_probabilities_;
};

/// Evaluates machines, as many at a time as the instruction set has lanes.
class ExactEvaluator {
 public:
  ExactEvaluator(const Topology& topology, const World& world)
      : plan_(topology, world),
        lanes_((simd::apply_environment(), HWY_DYNAMIC_DISPATCH(lanes)())),
        generative_(topology.generative_parameters()),
        parameters_(hwy::AllocateAligned<double>(generative_ * lanes_)),
        memory_(hwy::AllocateAligned<double>(plan_.sizes().total() * lanes_)),
        kl_(hwy::AllocateAligned<double>(lanes_)),
        parts_(plan_.sizes().carve(memory_.get(), lanes_)) {
    if (!parameters_ || !memory_ || !kl_) throw std::bad_alloc();
    std::fill_n(parameters_.get(), generative_ * lanes_, 0.0);
  }

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_; }

  /// Evaluates the machines in lanes [0, count); the others repeat older ones.
  /// @param parameters  [count x stride]
  /// @return false if stop_requested ended it
  template <class Real>
  bool evaluate(const Real* parameters, std::size_t stride, std::size_t count,
                const std::function<bool()>& stop_requested = {}) {
    for (std::size_t m = 0; m < count; ++m) {
      for (std::size_t i = 0; i < generative_; ++i) {
        parameters_[i * lanes_ + m] = static_cast<double>(parameters[m * stride + i]);
      }
    }
    return HWY_DYNAMIC_DISPATCH(exact_block)(plan_.view(), parameters_.get(), parts_, kl_.get(),
                                             stop_requested);
  }

  /// nats
  [[nodiscard]] double kl(std::size_t lane) const { return kl_[lane]; }
  [[nodiscard]] double log_q(std::size_t k, std::size_t lane) const {
    return parts_.log_q[k * lanes_ + lane];
  }

 private:
  ExactPlan plan_;
  std::size_t lanes_;
  std::size_t generative_;
  hwy::AlignedFreeUniquePtr<double[]> parameters_;
  hwy::AlignedFreeUniquePtr<double[]> memory_;
  hwy::AlignedFreeUniquePtr<double[]> kl_;
  ExactMemory parts_;
};

template <class Real>
ExactDistribution distribution(const Topology& topology, const World& world,
                               std::span<const Real> parameters,
                               const std::function<bool()>& stop_requested) {
  ExactEvaluator evaluator(topology, world);
  if (!evaluator.evaluate(parameters.data(), parameters.size(), 1, stop_requested)) return {};
  ExactDistribution result{.log_probabilities = {}, .kl = evaluator.kl(0), .off_support = 1};
  for (std::size_t k = 0; k < world.size(); ++k) {
    result.log_probabilities.push_back(evaluator.log_q(k, 0));
    result.off_support -= portable::exp(evaluator.log_q(k, 0));
  }
  result.off_support = std::max(result.off_support, 0.0);
  return result;
}

}  // namespace

ExactDistribution exact_distribution(const Topology& topology, const World& world,
                                     std::span<const float> parameters,
                                     const std::function<bool()>& stop_requested) {
  return distribution(topology, world, parameters, stop_requested);
}

ExactDistribution exact_distribution(const Topology& topology, const World& world,
                                     std::span<const double> parameters) {
  return distribution(topology, world, parameters, {});
}

void exact_kl(const Topology& topology, const World& world, std::span<const float> parameters,
              std::span<double> kl) {
  ExactEvaluator evaluator(topology, world);
  const auto stride = topology.parameters();
  for (std::size_t first = 0; first < kl.size(); first += evaluator.lanes()) {
    const auto count = std::min(evaluator.lanes(), kl.size() - first);
    evaluator.evaluate(parameters.data() + first * stride, stride, count);
    for (std::size_t m = 0; m < count; ++m) kl[first + m] = evaluator.kl(m);
  }
}

}  // namespace helmholtz
#endif  // HWY_ONCE
