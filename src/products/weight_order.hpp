#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "helmholtz/layer_shape.hpp"
#include "products/tiles.hpp"

/// Parameters lie by output, weights [outputs x inputs], wherever anyone sees them; products take
/// weights by input, [inputs x outputs]. Offsets are the same, and biases stay where they are.
namespace helmholtz::products {

/// Floats that a machine's parameters take with what products read behind them: whole cache lines,
/// so that every machine of an array is aligned alike.
constexpr std::size_t padded_parameters(std::size_t parameters) { return padded(parameters + 15); }

/// All layers of a machine.
std::vector<LayerView> layers_of(const LayerShape& shape);
/// Those of the recognition network, at offsets within its own parameters.
std::vector<LayerView> recognition_layers_of(const LayerShape& shape);

void order_by_input(std::span<const LayerView> layers, const float* by_output, float* by_input);
void order_by_output(std::span<const LayerView> layers, const float* by_input, float* by_output);

}  // namespace helmholtz::products
