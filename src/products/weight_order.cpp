#include "products/weight_order.hpp"

#include <algorithm>
#include <cstddef>

namespace helmholtz::products {

namespace {

/// to[c][r] = from[r][c]
void transpose(const ConstMatrix& from, float* to, std::size_t to_stride) {
  for (std::size_t r = 0; r < from.rows; ++r) {
    for (std::size_t c = 0; c < from.columns; ++c) {
      to[c * to_stride + r] = from.data[r * from.stride + c];
    }
  }
}

}  // namespace

WeightOrder::WeightOrder(const LayerShape& shape)
    : generative_count_(static_cast<std::size_t>(shape.last()) + 1) {
  for (int l = 0; l <= shape.last(); ++l) append(shape.generative(l));
  recognition_begin_ = {floats_, shape.generative_parameters()};
  for (int l = 0; l < shape.last(); ++l) append(shape.recognition(l));
}

void WeightOrder::append(const LayerView& layer) {
  LayerByInput own{.inputs = static_cast<std::size_t>(layer.inputs),
                   .outputs = static_cast<std::size_t>(layer.outputs),
                   .weights = floats_};
  own.bias = own.weights + own.inputs * own.stride();
  floats_ = own.bias + own.stride();
  layers_.push_back({own, layer});
}

void WeightOrder::to_input(Part part, const float* by_output, float* by_input) const {
  const auto first = begin(part);
  for (const auto& [own, view] : layers(part)) {
    transpose({&by_output[view.weights - first.by_output], own.outputs, own.inputs, own.inputs},
              &by_input[own.weights - first.by_input], own.stride());
    std::copy_n(&by_output[view.bias - first.by_output], own.outputs,
                &by_input[own.bias - first.by_input]);
  }
}

void WeightOrder::to_output(Part part, const float* by_input, float* by_output) const {
  const auto first = begin(part);
  for (const auto& [own, view] : layers(part)) {
    transpose({&by_input[own.weights - first.by_input], own.inputs, own.outputs, own.stride()},
              &by_output[view.weights - first.by_output], own.inputs);
    std::copy_n(&by_input[own.bias - first.by_input], own.outputs,
                &by_output[view.bias - first.by_output]);
  }
}

}  // namespace helmholtz::products
