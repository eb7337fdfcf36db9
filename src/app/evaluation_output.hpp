#pragma once

#include <cstdint>
#include <string>

#include "helmholtz/evaluation.hpp"

namespace helmholtz::app {

/// `{"step":…,"kl_exact":…, …}`, a number per metric; what was not computed is null.
std::string evaluation_json(std::uint64_t step, const Evaluation& evaluation);

/// The head of a table of evaluations, and one of its rows: the step and every metric.
std::string evaluation_header();
std::string evaluation_row(std::uint64_t step, const Evaluation& evaluation);

}  // namespace helmholtz::app
