#include "products/weight_order.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace helmholtz::products {

namespace {

/// to[c][r] = from[r][c]
void transpose(std::size_t rows, std::size_t columns, const float* from, float* to) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
  }
}

void copy_biases(const LayerView& layer, const float* from, float* to) {
  std::copy_n(from + layer.bias, layer.outputs, to + layer.bias);
}

}  // namespace

std::vector<LayerView> layers_of(const LayerShape& shape) {
  std::vector<LayerView> layers;
  for (int l = 0; l <= shape.last(); ++l) layers.push_back(shape.generative(l));
  for (int l = 0; l < shape.last(); ++l) layers.push_back(shape.recognition(l));
  return layers;
}

std::vector<LayerView> recognition_layers_of(const LayerShape& shape) {
  const auto first = static_cast<std::uint32_t>(shape.generative_parameters());
  std::vector<LayerView> layers;
  for (int l = 0; l < shape.last(); ++l) {
    layers.push_back(shape.recognition(l));
    layers.back().weights -= first;
    layers.back().bias -= first;
  }
  return layers;
}

void order_by_input(std::span<const LayerView> layers, const float* by_output, float* by_input) {
  for (const auto& layer : layers) {
    transpose(static_cast<std::size_t>(layer.outputs), static_cast<std::size_t>(layer.inputs),
              by_output + layer.weights, by_input + layer.weights);
    copy_biases(layer, by_output, by_input);
  }
}

void order_by_output(std::span<const LayerView> layers, const float* by_input, float* by_output) {
  for (const auto& layer : layers) {
    transpose(static_cast<std::size_t>(layer.inputs), static_cast<std::size_t>(layer.outputs),
              by_input + layer.weights, by_output + layer.weights);
    copy_biases(layer, by_input, by_output);
  }
}

}  // namespace helmholtz::products
