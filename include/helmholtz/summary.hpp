#pragma once

#include <string>

#include "helmholtz/shard.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz {

/// How a sweep's machines are spread, as `helmholtz sweep` writes it to summary.csv: a line of
/// names, then a line per configuration and evaluation, in nats, of what ranks the machines (column
/// `kl`: which it is); as many again of a log-likelihood beside a KL. Empty fields: no such number.
/// @param results  machines of the sweep from the first one on, e.g. Run::results() of a complete
///                 run
std::string summary_csv(const SweepSpec& spec, const Shard& results);

}  // namespace helmholtz
