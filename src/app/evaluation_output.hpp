#pragma once

#include <cstdint>
#include <string>

#include "helmholtz/evaluation.hpp"

namespace helmholtz::app {

/// `{"step":…,"kl_exact":…,"kl_sampled":…,"unseen":…}`; what was not computed is null.
std::string evaluation_json(std::uint64_t step, const Evaluation& evaluation,
                            std::uint64_t samples);

/// The head of a table of evaluations, and one of its rows: step, KL in nats, unseen patterns.
std::string evaluation_header();
std::string evaluation_row(std::uint64_t step, const Evaluation& evaluation, std::uint64_t samples);

}  // namespace helmholtz::app
