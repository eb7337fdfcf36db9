#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "helmholtz/evaluation.hpp"

namespace helmholtz::testing {

/// The same for every NaN.
inline std::uint64_t bits(double x) { return std::isnan(x) ? 0 : std::bit_cast<std::uint64_t>(x); }

/// Compares evaluations of machines first to first+count-1 with evaluate_machines(), to the bit.
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
    EXPECT_EQ(bits(got[m].kl_exact), bits(expected[m].kl_exact)) << layers << " machine " << m;
    EXPECT_EQ(bits(got[m].kl_sampled), bits(expected[m].kl_sampled)) << layers << " machine " << m;
    EXPECT_EQ(got[m].unseen, expected[m].unseen) << layers << " machine " << m;
    EXPECT_EQ(got[m].diverged, expected[m].diverged) << layers << " machine " << m;
  }
}

}  // namespace helmholtz::testing
