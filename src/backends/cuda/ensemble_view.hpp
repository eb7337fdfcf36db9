#pragma once

#include <cstdint>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "kernels/plugin/plugin_abi.h"
#include "step/factor_table.hpp"

namespace helmholtz::plugin {

/// An ensemble as the plugin sees it.
class EnsembleView {
 public:
  /// @param ensemble  must outlive the view
  EnsembleView(const Ensemble& ensemble, const step::FactorTable& factors);
  EnsembleView(const EnsembleView&) = delete;
  EnsembleView& operator=(const EnsembleView&) = delete;

  [[nodiscard]] const helmholtz_ensemble& get() const noexcept { return view_; }

 private:
  std::vector<std::int32_t> layer_sizes_;
  std::vector<std::uint64_t> seeds_;
  std::vector<std::uint32_t> setting_;
  std::vector<float> rates_;
  std::vector<double> log_probabilities_;
  helmholtz_ensemble view_{};
};

}  // namespace helmholtz::plugin
