#pragma once

#include <cstdint>
#include <span>

#include "kernels/layered/layered_task.hpp"
#include "kernels/runtime/product.hpp"

namespace helmholtz::cuda {

/// What a step consists of: each call is done after those before it.
class LayeredQueue {
 public:
  virtual ~LayeredQueue() = default;
  /// What follows works on this task: it differs from the one before in its phase.
  virtual void begin(const LayeredTask& task) = 0;
  /// Every row of the batch draws a pattern.
  virtual void draw_patterns() = 0;
  /// Activities become units.
  virtual void sample(const LayeredLayer& layer) = 0;
  /// A network's part of the logarithms of the particles' weights, of the activities of all of its
  /// layers: first the recognition network's, then the generative network's.
  virtual void score(Network network) = 0;
  /// Their logarithms become weights, which add up to 1 per batch row.
  virtual void weigh() = 0;
  /// Activities of all layers become scaled errors, weighted where there are several particles;
  /// biases learn, or have their gradients.
  virtual void find_errors(Network network) = 0;
  /// Products that do not depend on each other.
  virtual void multiply(std::span<const Product> products) = 0;
  /// The network's parameters follow their gradients.
  virtual void follow(Network network) = 0;
  /// W_L = max(W_L, 0)
  virtual void clamp() = 0;
  /// Makes the network's weight_parts.
  virtual void split_weights(Network network) = 0;
  /// Moves the clock on.
  virtual void advance() = 0;
};

/// Before the first step from new parameters.
void issue_start(const LayeredTask& task, LayeredQueue& queue);

/// One training step of all machines: a wake phase, then a sleep phase.
void issue_step(const LayeredTask& task, LayeredQueue& queue);

}  // namespace helmholtz::cuda
