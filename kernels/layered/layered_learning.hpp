#pragma once

#include "kernels/layered/layered_machine.hpp"
#include "step/update.hpp"

/// What the kernels of cuda-layered do to learn: weights of particles, errors, and what parameters
/// make of them. The work of one thread each.
namespace helmholtz::cuda {

#define HELMHOLTZ_FN HELMHOLTZ_DEVICE
#include "step/update.inl"
#undef HELMHOLTZ_FN

/// The layer of unit u of a network, counted from layer 0 on; leaves in u its number in the layer.
HELMHOLTZ_DEVICE const LayeredLayer& layer_of(const LayeredShape& shape, Network network, int& u) {
  int l = 0;
  while (u >= shape.layer(network, l).outputs) u -= shape.layer(network, l++).outputs;
  return shape.layer(network, l);
}

/// Where the running step's factor and corrections are in a setting's tables.
HELMHOLTZ_DEVICE std::size_t column_of(const LayeredTask& task, std::uint32_t setting) {
  return std::size_t{task.schedules[setting]} * task.clock->factor_stride + task.clock->step;
}

/// A layer's rate in the running step and phase.
HELMHOLTZ_DEVICE float rate_of(const LayeredTask& task, Network network, const LayeredLayer& layer,
                               std::uint32_t setting) {
  const int last = task.shape.last();
  const bool is_wake_rate = network == Network::recognition && task.awake;
  const int rate = network == Network::generative ? layer.index : last + 1 + layer.index;
  const float* const rates =
      is_wake_rate ? task.wake_rates + setting * static_cast<std::size_t>(last) + layer.index
                   : task.rates + setting * static_cast<std::size_t>(2 * last + 1) + rate;
  return FloatOps::mul(*rates, task.factors[column_of(task, setting)]);
}

/// What a network says of column c's states, for its particle's weight: -ln q(h | x) of the
/// recognition network; the generative network's ln p(x, h) is added to it.
template <class Memory>
HELMHOLTZ_DEVICE void score(const LayeredTask& task, Network network, std::uint32_t m,
                            std::uint32_t c) {
  const auto& shape = task.shape;
  LogProbability<FloatOps> own(shape.units(network));
  for (int i = 0; i < shape.layers(network); ++i) {
    const bool goes_down = network == Network::generative;
    const auto& layer = shape.layer(network, goes_down ? i : shape.layers(network) - 1 - i);
    const float* const bias = task.parameters + m * shape.floats() + layer.bias;
    auto row = unit_at(task, m, layer.index, 0);
    for (int j = 0; j < layer.outputs; ++j) {
      const float fed = layer.inputs > 0 ? task.activities[row + c] : 0.0F;
      const float a = clamped<FloatOps>(FloatOps::add(fed, bias[j]));
      own.add(a, one_plus_exp_minus<FloatOps>(a), Memory::unit(task, row, c));
      row += static_cast<std::size_t>(shape.column_stride());
    }
  }
  const LogProbability<FloatOps> one(0);
  float& weight = task.weights[m * static_cast<std::size_t>(shape.column_stride()) + c];
  weight = network == Network::recognition
               ? LogProbability<FloatOps>::log_ratio(one, own)
               : FloatOps::add(weight, LogProbability<FloatOps>::log_ratio(own, one));
}

/// The weights of batch row b's particles, of their logarithms.
HELMHOLTZ_DEVICE void weigh(const LayeredTask& task, std::uint32_t m, std::uint32_t b) {
  normalise_weights<FloatOps>(task.weights +
                                  m * static_cast<std::size_t>(task.shape.column_stride()) +
                                  std::size_t{b} * task.particles,
                              static_cast<int>(task.particles));
}

/// Activities of unit u become target - p, scaled and weighted, for the columns of one lane.
/// @return their sum
template <class Memory>
HELMHOLTZ_DEVICE float find_errors(const LayeredTask& task, Network network, std::uint32_t m, int u,
                                   std::uint32_t lane) {
  const auto& shape = task.shape;
  const auto& layer = layer_of(shape, network, u);
  const float scale =
      task.means > 0 ? task.error_weight : rate_of(task, network, layer, task.settings[m]);
  const float bias = task.parameters[m * shape.floats() + layer.bias + static_cast<std::size_t>(u)];
  const auto row = unit_at(task, m, layer.index, u);
  const float* const weights = task.weights + m * static_cast<std::size_t>(shape.column_stride());
  const auto columns = static_cast<std::uint32_t>(shape.columns());
  float sum = 0;
  for (auto c = lane; c < columns; c += task.lanes) {
    const float fed = layer.inputs > 0 ? task.activities[row + c] : 0.0F;
    const float p = sigmoid<FloatOps>(FloatOps::add(fed, bias));
    float error = FloatOps::mul(scale, FloatOps::sub(Memory::unit(task, row, c), p));
    if (task.weighs()) error = FloatOps::mul(weights[c], error);
    Memory::set_error(task, row, c, error);
    sum = FloatOps::add(sum, error);
  }
  if constexpr (Memory::kIsPadded) {
    const auto stride = static_cast<std::uint32_t>(shape.column_stride());
    for (auto c = columns + lane; c < stride; c += task.lanes) Memory::set_error(task, row, c, 0);
  }
  return sum;
}

/// The bias of unit u of a network learns from the sum of its errors, or has its gradient of it.
HELMHOLTZ_DEVICE void learn_bias(const LayeredTask& task, Network network, std::uint32_t m, int u,
                                 float sum) {
  const auto& layer = layer_of(task.shape, network, u);
  const auto at = m * task.shape.floats() + layer.bias + static_cast<std::size_t>(u);
  if (task.means > 0) {
    task.gradients[at] = sum;
  } else {
    task.parameters[at] = FloatOps::add(task.parameters[at], sum);
  }
}

/// The layer of a network that float `at` of a machine's parameters belongs to, or its padding.
HELMHOLTZ_DEVICE const LayeredLayer& layer_at(const LayeredShape& shape, Network network,
                                              std::uint64_t at) {
  // Generative layers lie one behind the other, recognition layers in the order of falling numbers.
  const int layers = shape.layers(network);
  for (int i = 1; i < layers; ++i) {
    const int next = network == Network::generative ? i : layers - 1 - i;
    const int own = network == Network::generative ? i - 1 : layers - i;
    if (at < shape.layer(network, next).weights) return shape.layer(network, own);
  }
  return shape.layer(network, network == Network::generative ? layers - 1 : 0);
}

/// Float k of a network's parameters follows its gradient. Padding has none, and stays 0.
HELMHOLTZ_DEVICE void follow(const LayeredTask& task, Network network, std::uint32_t m,
                             std::uint32_t k) {
  const auto floats = task.shape.floats();
  const auto in_machine = task.shape.begin(network) + k;
  const auto setting = task.settings[m];
  const auto column = column_of(task, setting);
  const step::Update update{.means = task.means,
                            .beta = task.optimizers[3 * setting],
                            .beta2 = task.optimizers[3 * setting + 1],
                            .epsilon = task.optimizers[3 * setting + 2],
                            .correction = task.corrections[2 * column],
                            .correction2 = task.corrections[2 * column + 1]};
  const float rate = rate_of(task, network, layer_at(task.shape, network, in_machine), setting);
  const float g = task.gradients[m * floats + in_machine];
  float& w = task.parameters[m * floats + in_machine];
  // The third means begin behind the others, without generative parameters.
  const bool is_third = network == Network::recognition && task.awake;
  const auto skipped = is_third ? task.shape.begin(Network::recognition) : 0;
  const auto others = is_third ? static_cast<unsigned>(task.means) * floats : 0;
  float* const mean = task.state + m * task.state_floats() + others + in_machine - skipped;
  w = task.means == 1
          ? moved_by_momentum<FloatOps>(update, rate, w, g, mean[0])
          : moved_by_adam<FloatOps>(update, rate, w, g, mean[0], mean[floats - skipped]);
}

/// Weight k of W_L, rows with their padding, becomes max(W, 0).
HELMHOLTZ_DEVICE void clamp_weight(const LayeredTask& task, std::uint32_t m, std::uint32_t k) {
  float& weight = task.parameters[m * task.shape.floats() + task.shape.visible().weights + k];
  weight = weight < 0.0F ? 0.0F : weight;
}

/// Parameter k of a network into its three parts, side by side.
HELMHOLTZ_DEVICE void split_weight(const LayeredTask& task, Network network, std::uint32_t m,
                                   std::uint32_t k) {
  const auto at = m * task.shape.floats() + task.shape.begin(network) + k;
  std::uint16_t parts[kParts];
  split_bf16(task.parameters[at], parts);
  for (int p = 0; p < kParts; ++p) {
    task.weight_parts[kParts * at + static_cast<std::size_t>(p)] = parts[p];
  }
}

}  // namespace helmholtz::cuda
