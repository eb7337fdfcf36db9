#pragma once

#include <cstddef>
#include <cstdint>

#include "helmholtz/contract.hpp"
#include "portable.hpp"

/// What a launch of a fused kernel is told, by value: it lies in the constant bank.
namespace helmholtz::cuda {

/// A topology known only at run time, for the templates of wake_sleep.inl.
class RuntimeShape {
 public:
  static constexpr bool kStatic = false;

  /// The parameters of one layer: weights [outputs x inputs], then biases.
  struct Layer {
    static constexpr bool kStatic = false;
    std::uint32_t weights;
    std::uint32_t bias;
    int outputs;
    int inputs;
  };

  RuntimeShape() = default;
  /// @param sizes  [layers], top first
  RuntimeShape(const int* sizes, int layers) : last_(layers - 1) {
    std::uint32_t offset = 0;
    const auto take = [&offset](int outputs, int inputs) {
      const auto bias = offset + static_cast<std::uint32_t>(outputs * inputs);
      const Layer layer{offset, bias, outputs, inputs};
      offset = bias + static_cast<std::uint32_t>(outputs);
      return layer;
    };
    for (int l = 0; l <= last_; ++l) {
      unit_offset_[l + 1] = unit_offset_[l] + sizes[l];
      mask_offset_[l + 1] = mask_offset_[l] + (sizes[l] + 31) / 32;
      generative_[l] = take(sizes[l], l == 0 ? 0 : sizes[l - 1]);
    }
    generative_parameters_ = offset;
    for (int l = last_ - 1; l >= 0; --l) recognition_[l] = take(sizes[l], sizes[l + 1]);
    parameters_ = offset;
  }

  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int last() const { return last_; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int hidden_units() const { return unit_offset_[last_]; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int units() const { return unit_offset_[last_ + 1]; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int size(int l) const { return generative_[l].outputs; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int unit_offset(int l) const { return unit_offset_[l]; }
  /// 32-bit words of unit states, one bit a unit: before layer l, and of all layers.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int mask_offset(int l) const { return mask_offset_[l]; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int mask_words() const { return mask_offset_[last_ + 1]; }
  /// Words of random numbers of one row's sleep phase, in whole blocks: what kernels keep at a
  /// time.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int words() const { return (units() + 6) / 4 * 4; }
  /// The slot of a step's first generative unit.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int sleep_slot() const { return 1 + hidden_units(); }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int blocks_per_step() const {
    return (sleep_slot() + units() + 3) / 4;
  }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::size_t generative_parameters() const {
    return generative_parameters_;
  }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::size_t parameters() const { return parameters_; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const Layer& generative(int l) const {
    return generative_[l];
  }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const Layer& recognition(int l) const {
    return recognition_[l];
  }

 private:
  int last_ = 0;
  std::uint32_t generative_parameters_ = 0;
  std::uint32_t parameters_ = 0;
  int unit_offset_[kMaxLayers + 1] = {};
  int mask_offset_[kMaxLayers + 1] = {};
  Layer generative_[kMaxLayers] = {};
  Layer recognition_[kMaxLayers - 1] = {};
};

/// Refers to a RuntimeShape, so that nobody copies it out of the constant bank.
class ShapeRef {
 public:
  static constexpr bool kStatic = false;

  explicit HELMHOLTZ_DEVICE ShapeRef(const RuntimeShape& shape) : shape_(&shape) {}

  [[nodiscard]] HELMHOLTZ_DEVICE int last() const { return shape_->last(); }
  [[nodiscard]] HELMHOLTZ_DEVICE int size(int l) const { return shape_->size(l); }
  [[nodiscard]] HELMHOLTZ_DEVICE int unit_offset(int l) const { return shape_->unit_offset(l); }
  [[nodiscard]] HELMHOLTZ_DEVICE int mask_offset(int l) const { return shape_->mask_offset(l); }
  [[nodiscard]] HELMHOLTZ_DEVICE std::size_t generative_parameters() const {
    return shape_->generative_parameters();
  }
  [[nodiscard]] HELMHOLTZ_DEVICE const RuntimeShape::Layer& generative(int l) const {
    return shape_->generative(l);
  }
  [[nodiscard]] HELMHOLTZ_DEVICE const RuntimeShape::Layer& recognition(int l) const {
    return shape_->recognition(l);
  }

 private:
  const RuntimeShape* shape_;
};

/// The world's patterns. A draw's pattern is the number of thresholds <= the 32-bit word.
struct PatternTable {
  /// Patterns that kernels find by comparing one threshold after the other.
  static constexpr int kChain = 11;

  const std::uint32_t* thresholds = nullptr;  ///< [count]
  const std::uint32_t* words = nullptr;       ///< [patterns x words_per_pattern]
  std::uint32_t count = 0;
  std::uint32_t words_per_pattern = 1;
  /// A world of at most kChain thresholds and patterns of one word: the first pattern, and what
  /// each threshold adds to reach the next one (modulo 2^32); thresholds left over add nothing.
  bool chained = false;
  std::uint32_t first_pattern = 0;
  std::uint32_t chain_thresholds[kChain] = {};
  std::uint32_t chain_increments[kChain] = {};
};

/// Steps first_step to first_step+steps-1 of machines that lie side by side: parameter k of machine
/// m is at parameters[k * stride + m].
struct FusedTask {
  RuntimeShape shape;
  PatternTable patterns;
  const std::uint64_t* seeds = nullptr;     ///< [machines]
  const std::uint32_t* settings = nullptr;  ///< [machines]
  /// [settings][2 L + 1]: generative layers 0 to L, then recognition layers 0 to L-1
  const float* rates = nullptr;
  const std::uint32_t* schedules = nullptr;  ///< [settings], rows of `factors`
  const float* factors = nullptr;            ///< [schedules][factor_stride], the first `steps`
  float* parameters = nullptr;               ///< [parameters][stride]
  float* scratch = nullptr;  ///< global memory where a launch plan says so; zero between launches
  std::uint64_t stride = 0;
  std::uint32_t machines = 0;
  std::uint32_t batch = 1;
  std::uint32_t steps = 0;
  std::uint32_t factor_stride = 0;
  bool nonnegative = false;
  std::uint64_t first_step = 0;
};

}  // namespace helmholtz::cuda
