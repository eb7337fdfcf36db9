#pragma once

#include <cstddef>
#include <span>

#include "backends/backend.hpp"

namespace helmholtz {

/// The log-likelihood of machines [first, first + out.size()) of any backend, on the host: small
/// machines on a thread each, a large one's rows on all threads. Nothing without particles.
/// @param out  Backend::evaluate() has filled it; diverged machines are passed over
/// @return false if options.stop_requested ended it: it is asked many times per second
/// @throws InvalidArgument (field "rows") unless the options' rows fit the ensemble's world
bool evaluate_likelihoods(const Backend& backend, const EvaluationOptions& options,
                          std::size_t first, std::span<Evaluation> out);

}  // namespace helmholtz
