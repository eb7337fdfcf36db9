#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/workers.hpp"
#include "helmholtz/log_likelihood.hpp"

namespace helmholtz {

/// row_likelihoods of many machines of one topology, all threads on pieces of their work.
class ImportanceEvaluator {
 public:
  /// Keeps references to all but the numbers.
  ImportanceEvaluator(const Topology& topology, const PackedRows& rows, std::uint64_t particles,
                      const Workers& workers);

  /// @param parameters  [topology.parameters()], finite
  /// @param out         [rows]
  /// @return false if stop_requested ended it
  bool run(std::span<const float> parameters, std::uint64_t seed,
           const std::function<bool()>& stop_requested, std::span<RowLikelihood> out) const;

 private:
  const Topology& topology_;
  const PackedRows& rows_;
  std::uint64_t particles_;
  const Workers& workers_;
};

}  // namespace helmholtz
