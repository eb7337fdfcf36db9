#include "kernels/runtime/view_tables.hpp"

#include <limits>

namespace helmholtz::cuda {

PatternTable patterns_of(const helmholtz_ensemble& ensemble) {
  PatternTable table;
  table.thresholds = ensemble.thresholds;
  table.words = ensemble.patterns;
  table.grey = ensemble.grey;
  table.count = static_cast<std::uint32_t>(ensemble.threshold_count);
  table.words_per_pattern = static_cast<std::uint32_t>(ensemble.words_per_pattern);
  table.chained =
      table.grey == nullptr && table.words_per_pattern == 1 && table.count <= PatternTable::kChain;
  if (!table.chained) return table;
  table.first_pattern = ensemble.patterns[0];
  for (std::uint32_t k = 0; k < PatternTable::kChain; ++k) {
    const bool used = k < table.count;
    table.chain_thresholds[k] =
        used ? table.thresholds[k] : std::numeric_limits<std::uint32_t>::max();
    table.chain_increments[k] = used ? table.words[k + 1] - table.words[k] : 0;
  }
  return table;
}

}  // namespace helmholtz::cuda
