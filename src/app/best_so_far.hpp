#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/output.hpp"
#include "helmholtz/metrics.hpp"

namespace helmholtz::app {

/// The best evaluation of one machine's training so far, by what ranks machines.
class BestSoFar {
 public:
  /// @param metric  null where nothing ranks: then there is no best
  explicit BestSoFar(const Metric* metric) : metric_(metric) {}

  /// @return whether it is better than all before; a diverged one never is
  bool add(std::uint64_t step, const Evaluation& evaluation);
  [[nodiscard]] bool is_there() const noexcept { return best_.has_value(); }
  /// Evaluations since the best one; all of them if there is none.
  [[nodiscard]] std::uint64_t evaluations_since() const noexcept { return since_; }

  /// "exact KL 0.3123 nats at step 45,000".
  [[nodiscard]] std::string text() const;
  /// {"metric": "kl_exact", "value": …, "step": …}; null if there is none.
  [[nodiscard]] Json json() const;

 private:
  struct Best {
    std::uint64_t step;
    double value;
  };

  const Metric* metric_;
  std::optional<Best> best_;
  std::uint64_t since_ = 0;
};

}  // namespace helmholtz::app
