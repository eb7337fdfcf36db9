#pragma once

#include <cstddef>
#include <cstdint>

#include "helmholtz/draw_layout.hpp"
#include "helmholtz/layer_shape.hpp"
#include "kernels/runtime/portable.hpp"
#include "step/network.hpp"

namespace helmholtz::cuda {

using step::Network;

/// One layer of a network, its parameters as they lie on the device.
struct LayeredLayer {
  std::uint64_t weights = 0;  ///< where [outputs][stride] begins in a machine's parameters
  std::uint64_t bias = 0;     ///< where [outputs] begins
  int outputs = 0;
  int inputs = 0;  ///< 0: nothing feeds it
  int stride = 0;  ///< floats from one output's weights to the next
  int index = 0;   ///< l
  int source = 0;  ///< the layer that feeds it
  int slot = 0;    ///< of its first unit's draw (helmholtz/random.hpp)

  /// Weights; weights and biases: without padding.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint32_t matrix() const {
    return static_cast<std::uint32_t>(outputs) * static_cast<std::uint32_t>(inputs);
  }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint32_t parameters() const {
    return matrix() + static_cast<std::uint32_t>(outputs);
  }
};

/// Parameters that lie side by side both on the device and in the order of files.
struct ParameterRun {
  std::uint64_t begin;  ///< where on the device, in a machine's floats
  std::uint32_t count;
};

/// A topology and a batch as cuda-layered lays them out: parameters [parameter] and units
/// [unit][column] of a machine, a column for each particle of each batch row. Matrices and layers
/// begin on whole cache lines, and long rows are whole 16-byte vectors, so that BLAS may load
/// vectors.
class LayeredShape {
 public:
  static constexpr bool kStatic = false;

  LayeredShape() = default;
  /// @param sizes    [layers], top first
  /// @param columns  batch rows times particles
  LayeredShape(const int* sizes, int layers, std::uint32_t columns) : last_(layers - 1) {
    const LayerShape shape(sizes, layers);
    for (int l = 0; l <= last_; ++l) {
      generative_[l] = layer(l, l - 1, shape.generative(l), draws::generative(shape, l));
    }
    set_columns(static_cast<int>(columns));
    generative_floats_ = floats_;
    for (int l = last_ - 1; l >= 0; --l) {
      recognition_[l] = layer(l, l + 1, shape.recognition(l), draws::recognition(shape, l));
    }
    units_ = shape.units();
    parameters_ = static_cast<std::uint32_t>(shape.parameters());
    blocks_per_step_ = draws::blocks_per_step(shape);
  }

  /// Lays units out anew, for so many columns.
  void set_columns(int columns) {
    columns_ = columns;
    column_stride_ = row_stride(columns);
    unit_elements_ = 0;
    for (int l = 0; l <= last_; ++l) {
      unit_start_[l] = unit_elements_;
      unit_elements_ += aligned(static_cast<std::uint64_t>(generative_[l].outputs) *
                                static_cast<unsigned>(column_stride_));
    }
  }

  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int last() const { return last_; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int columns() const { return columns_; }
  /// Elements from one unit of a layer to the next.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int column_stride() const { return column_stride_; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int blocks_per_step() const { return blocks_per_step_; }

  /// Layers of a network: 0 to layers() - 1.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int layers(Network network) const {
    return network == Network::generative ? last_ + 1 : last_;
  }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const LayeredLayer& layer(Network network, int l) const {
    return network == Network::generative ? generative_[l] : recognition_[l];
  }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const LayeredLayer& visible() const {
    return generative_[last_];
  }
  /// Units that a network samples: those of its layers, layer 0 first.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST int units(Network network) const {
    return network == Network::generative ? units_ : units_ - generative_[last_].outputs;
  }

  /// Generative parameters, without padding: the first in the order of files.
  [[nodiscard]] std::uint32_t generative_parameters() const {
    std::uint32_t sum = 0;
    for (int l = 0; l <= last_; ++l) sum += generative_[l].parameters();
    return sum;
  }
  /// A machine's parameters in the order of files (helmholtz/topology.hpp), without padding.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint32_t parameters() const { return parameters_; }
  /// Where parameter k of that order lies, and how many from it on lie side by side.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST ParameterRun run_from(std::uint32_t k) const {
    int n = 0;
    while (k >= layer_in_file(n).parameters()) k -= layer_in_file(n++).parameters();
    const auto& layer = layer_in_file(n);
    if (k >= layer.matrix()) return {layer.bias + (k - layer.matrix()), layer.parameters() - k};
    const auto inputs = static_cast<std::uint32_t>(layer.inputs);
    const auto row = static_cast<std::uint64_t>(k / inputs) * static_cast<unsigned>(layer.stride);
    return {layer.weights + row + k % inputs, inputs - k % inputs};
  }

  /// Floats of a machine's parameters, and those of them that are a network's.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint64_t floats() const { return floats_; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint64_t begin(Network network) const {
    return network == Network::generative ? 0 : generative_floats_;
  }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint64_t end(Network network) const {
    return network == Network::generative ? generative_floats_ : floats_;
  }
  /// Elements of a machine's units, and where a layer's begin.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint64_t unit_elements() const { return unit_elements_; }
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST std::uint64_t unit_start(int l) const {
    return unit_start_[l];
  }

 private:
  static constexpr std::uint64_t kAligned = 64;  // elements: a cache line of bfloat16, two of float
  static constexpr int kVector = 8;              // elements: 16 bytes of bfloat16

  /// Layers in the order of files: generative ones top down, then recognition ones bottom up.
  [[nodiscard]] HELMHOLTZ_DEVICE_HOST const LayeredLayer& layer_in_file(int n) const {
    return n <= last_ ? generative_[n] : recognition_[2 * last_ - n];
  }

  static std::uint64_t aligned(std::uint64_t elements) {
    return (elements + kAligned - 1) / kAligned * kAligned;
  }
  static int row_stride(int elements) {
    return elements < kVector ? elements : (elements + kVector - 1) / kVector * kVector;
  }

  /// Lays a layer behind those so far.
  LayeredLayer layer(int index, int source, const LayerView& view, int slot) {
    const int stride = row_stride(view.inputs);
    const auto weights = floats_;
    floats_ += aligned(static_cast<std::uint64_t>(view.outputs) * static_cast<unsigned>(stride));
    const auto bias = floats_;
    floats_ += aligned(static_cast<std::uint64_t>(view.outputs));
    return {weights, bias, view.outputs, view.inputs, stride, index, source, slot};
  }

  int last_ = 0;
  int columns_ = 1;
  int column_stride_ = 1;
  int units_ = 0;
  int blocks_per_step_ = 0;
  std::uint32_t parameters_ = 0;
  std::uint64_t floats_ = 0;
  std::uint64_t generative_floats_ = 0;
  std::uint64_t unit_elements_ = 0;
  std::uint64_t unit_start_[kMaxLayers] = {};
  LayeredLayer generative_[kMaxLayers] = {};
  LayeredLayer recognition_[kMaxLayers - 1] = {};
};

}  // namespace helmholtz::cuda
