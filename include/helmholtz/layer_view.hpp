#pragma once

#include <cstddef>

namespace helmholtz {

/// Where one layer's parameters lie in a machine's parameter vector, in floats.
/// Weights are row-major [outputs x inputs]; the top generative layer has no inputs, only biases.
struct LayerView {
  std::size_t weights = 0;  ///< offset of W[0][0]
  std::size_t bias = 0;     ///< offset of b[0]
  int outputs = 0;
  int inputs = 0;
};

}  // namespace helmholtz
