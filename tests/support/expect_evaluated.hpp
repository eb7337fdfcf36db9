#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "helmholtz/evaluation.hpp"
#include "helmholtz/metrics.hpp"

namespace helmholtz::testing {

/// The same for every NaN.
inline std::uint64_t bits(double x) { return std::isnan(x) ? 0 : std::bit_cast<std::uint64_t>(x); }

/// Compares evaluations of machines [first, first + count) with evaluate_machines(), to the bit.
/// @param parameters  [count][parameters]
/// @param got         [count]
inline void expect_evaluated(const Ensemble& ensemble, std::size_t first,
                             std::span<const float> parameters, std::uint64_t step,
                             std::uint64_t samples, std::span<const Evaluation> got) {
  std::vector<Evaluation> expected(got.size());
  evaluate_machines(ensemble, first, parameters, step, {.exact = true, .samples = samples},
                    expected);
  const auto layers = ensemble.topology.to_string();
  for (std::size_t m = 0; m < got.size(); ++m) {
    for (const auto& metric : metrics()) {
      EXPECT_EQ(bits(got[m].*metric.value), bits(expected[m].*metric.value))
          << layers << " machine " << m << " " << metric.name;
    }
    EXPECT_EQ(got[m].diverged, expected[m].diverged) << layers << " machine " << m;
  }
}

}  // namespace helmholtz::testing
