#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "helmholtz/log_likelihood.hpp"
#include "helmholtz/topology.hpp"

namespace helmholtz {

/// How often each unit of a machine is on: means of its probability, [units], layer 0 first.
struct UnitActivity {
  /// While it recognises rows; of the visible layer, the share of the rows.
  std::vector<double> recognised;
  /// While it generates patterns.
  std::vector<double> generated;
  std::size_t rows = 0;  ///< recognised, and as many patterns generated
};

/// A row that is recognised, and its weight in the mean.
struct WeightedRow {
  std::size_t row = 0;
  double weight = 1;
};

/// Recognises each row once, with the draws of its log-likelihood's first particle, and generates
/// as many patterns, with the draws of the first samples of the evaluation at `step`.
/// @param parameters  [topology.parameters()]
/// @param shown       rows of `rows`, at least one; weights above 0
UnitActivity unit_activity(const Topology& topology, std::span<const float> parameters,
                           std::uint64_t seed, std::uint64_t step, const PackedRows& rows,
                           std::span<const WeightedRow> shown);

}  // namespace helmholtz
