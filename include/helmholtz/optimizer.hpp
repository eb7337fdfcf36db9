#pragma once

#include <string>
#include <string_view>

namespace helmholtz {

/// How a parameter W follows its gradient g: the sum over a step's batch, with BatchReduction::mean
/// the mean, of (target - p) * input. `rate` is the layer's learning rate times the schedule's
/// factor. Means begin at 0; each network has means of its own for each phase in which it learns.
struct Optimizer {
  enum class Kind {
    sgd,       ///< W += rate * g
    momentum,  ///< v = beta v + (1 - beta) g; W += rate * v
    /// Kingma & Ba 2015, algorithm 1, upwards. In update number n = step + 1:
    /// m = beta m + (1 - beta) g; v = beta2 v + (1 - beta2) g^2;
    /// W += rate * (m / (1 - beta^n)) / (sqrt(v / (1 - beta2^n)) + epsilon)
    adam
  };
  Kind kind = Kind::sgd;
  double beta = 0;     ///< of the mean of g; below 1, as the next, also when rounded to float
  double beta2 = 0;    ///< of the mean of g^2
  double epsilon = 0;  ///< adam: above 0, also when rounded to float

  /// Reads "sgd", "momentum:BETA", "adam" (0.9,0.999,1e-8) or "adam:BETA,BETA2,EPSILON".
  /// @throws InvalidArgument (field "optimizer")
  static Optimizer parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;

  /// Means that it keeps of each parameter.
  [[nodiscard]] int means() const noexcept { return static_cast<int>(kind); }

  /// @throws InvalidArgument (field "optimizer") for a value out of range
  void validate() const;

  bool operator==(const Optimizer&) const = default;
};

}  // namespace helmholtz
