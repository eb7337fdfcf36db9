#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/optimizer.hpp"
#include "helmholtz/topology.hpp"

namespace helmholtz {

/// Whether a value can be a learning rate: 0 or more, and no larger than the largest float.
bool is_learning_rate(double value) noexcept;

/// Learning rates, one per layer and network. Layer 0 (top) first.
struct LearningRates {
  std::vector<double> generative = {};   ///< [L+1] for b_0; W_1, b_1; …; W_L, b_L
  std::vector<double> recognition = {};  ///< [L] for R_0, c_0; …; R_{L-1}, c_{L-1}
  /// [L], of the same layers in the wake phase of reweighted wake-sleep; 0: they learn asleep alone
  std::vector<double> recognition_wake = {};

  /// Whether a recognition layer has a rate in the wake phase.
  [[nodiscard]] bool learn_awake() const noexcept;

  bool operator==(const LearningRates&) const = default;
};

/// Rates as users give them; the more specific entry wins: a layer's, a network's, the rate.
struct LearningRateOptions {
  double rate = 0.05;
  std::optional<double> generative = {};
  std::optional<double> recognition = {};
  std::optional<double> recognition_wake = {};  ///< 0 unless given, whatever the others are
  std::vector<double> per_layer = {};  ///< empty, or L+1 rates, top first, for both networks

  /// Whether `rate` is that of any layer.
  [[nodiscard]] bool uses_rate() const { return per_layer.empty() && !(generative && recognition); }

  /// @throws InvalidArgument (fields "lr", "lr-generative", "lr-recognition",
  ///         "lr-recognition-wake", "lr-layer") for a rate that is NaN, negative, infinite or above
  ///         the largest float, or a wrong number of rates
  [[nodiscard]] LearningRates resolve(const Topology& topology) const;
};

/// How the rates change with the step t: rate(t) = rate * factor(t).
struct Schedule {
  enum class Kind { constant, inverse, exponential };
  Kind kind = Kind::constant;
  double decay = 0;         ///< inverse: factor(t) = 1 / (1 + decay * t)
  double gamma = 1;         ///< exponential: factor(t) = gamma^floor(t / every)
  std::uint64_t every = 1;  ///< exponential: steps between two changes

  /// Reads "constant", "inverse:DECAY", "exponential:GAMMA" or "exponential:GAMMA:EVERY".
  /// @throws InvalidArgument (field "schedule")
  static Schedule parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  /// In double, by IEEE operations only, so every platform gets the same bits.
  [[nodiscard]] double factor(std::uint64_t step) const;

  bool operator==(const Schedule&) const = default;
};

/// Parameters before the first step.
struct Initialisation {
  enum class VisibleBias { as_drawn, marginal, value };
  double scale = 0;  ///< every weight and bias ~ normal(0, scale^2); 0: all zero
  VisibleBias visible_bias = VisibleBias::as_drawn;
  double visible_bias_value = 0;  ///< for VisibleBias::value

  /// Reads terms joined by '+': "zero", "normal:SCALE", "visible-bias:marginal" (the logit of each
  /// pixel's marginal, clamped to [0.001, 0.999]), "visible-bias:VALUE".
  /// @throws InvalidArgument (field "init")
  static Initialisation parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;

  bool operator==(const Initialisation&) const = default;
};

/// What may differ between two machines of one ensemble, besides the seed.
struct Hyperparameters {
  LearningRates rates = {};
  Schedule schedule = {};
  Optimizer optimizer = {};
  Initialisation initialisation = {};

  bool operator==(const Hyperparameters&) const = default;
};

}  // namespace helmholtz
