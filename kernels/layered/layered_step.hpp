#pragma once

#include <cstdint>
#include <span>

#include "kernels/layered/layered_task.hpp"

namespace helmholtz::cuda {

/// c = a b + beta c, or a^T b + beta c, for `count` machines side by side: matrices as BLAS has
/// them, column-major; c is [rows x columns], and `inner` is summed over.
struct Product {
  bool transpose_a = false;
  int rows = 0;
  int columns = 0;
  int inner = 0;
  const void* a = nullptr;  ///< floats, or bfloat16 with Math::bf16x3
  const void* b = nullptr;  ///< as a
  float* c = nullptr;
  int a_stride = 0;  ///< elements from one column to the next
  int b_stride = 0;
  int c_stride = 0;
  std::int64_t a_machine = 0;  ///< elements from one machine to the next
  std::int64_t b_machine = 0;
  std::int64_t c_machine = 0;
  float beta = 0;
  int count = 1;
};

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
