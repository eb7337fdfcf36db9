#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/contract.hpp"
#include "helmholtz/layer_shape.hpp"

namespace helmholtz {

/// The layer sizes of a Helmholtz machine, top first: n_0 … n_L, L >= 1, the last one visible.
///
/// Parameter order everywhere (files, digests, offsets): b_0; W_1, b_1; …; W_L, b_L (generative);
/// R_{L-1}, c_{L-1}; …; R_0, c_0 (recognition).
class Topology {
 public:
  static constexpr int kMaxLayers = helmholtz::kMaxLayers;
  static constexpr int kMaxUnits = 65'536;                             ///< in one layer
  static constexpr std::size_t kMaxParameters = std::size_t{1} << 30;  ///< in one machine

  /// @throws InvalidArgument (field "layers") unless 2 to kMaxLayers layers of 1 to kMaxUnits units
  ///         with at most kMaxParameters parameters
  explicit Topology(std::vector<int> layer_sizes);

  /// Reads "1,6,9". @throws InvalidArgument (field "layers")
  static Topology parse(std::string_view text);

  [[nodiscard]] const std::vector<int>& layer_sizes() const noexcept { return sizes_; }
  /// L, the index of the visible layer.
  [[nodiscard]] int last() const noexcept { return static_cast<int>(sizes_.size()) - 1; }
  [[nodiscard]] int size(int l) const { return sizes_[static_cast<std::size_t>(l)]; }
  [[nodiscard]] int visible_units() const { return sizes_.back(); }
  [[nodiscard]] int hidden_units() const noexcept { return shape_.hidden_units(); }
  [[nodiscard]] int units() const noexcept { return shape_.units(); }
  /// Where every layer lies, as plain data.
  [[nodiscard]] const LayerShape& shape() const noexcept { return shape_; }

  /// Generative layer l in 0..L: P(s_l | s_{l-1}).
  [[nodiscard]] const LayerView& generative(int l) const { return shape_.generative(l); }
  /// Recognition layer l in 0..L-1: P(s_l | s_{l+1}).
  [[nodiscard]] const LayerView& recognition(int l) const { return shape_.recognition(l); }
  [[nodiscard]] std::size_t generative_parameters() const noexcept {
    return shape_.generative_parameters();
  }
  [[nodiscard]] std::size_t parameters() const noexcept { return shape_.parameters(); }

  /// 32-bit draws of one training step and batch row, padded to a multiple of 4 (see random.hpp).
  [[nodiscard]] std::uint64_t draws_per_step() const noexcept;
  /// 32-bit draws of one generated sample, padded to a multiple of 4.
  [[nodiscard]] std::uint64_t draws_per_sample() const noexcept;

  /// "1,6,9"
  [[nodiscard]] std::string to_string() const;

  bool operator==(const Topology& other) const noexcept { return sizes_ == other.sizes_; }

 private:
  std::vector<int> sizes_;
  LayerShape shape_;
};

}  // namespace helmholtz
