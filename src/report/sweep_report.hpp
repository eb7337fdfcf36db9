#pragma once

#include <span>
#include <string>
#include <vector>

#include "helmholtz/sweep.hpp"
#include "report/statistics.hpp"

namespace helmholtz::report {

/// "layers 1,6,9, lr 0.05, batch 1", and schedule and init where they are not the plain ones.
std::string configuration_text(const SweepSpec& spec, std::uint64_t c);

/// The quantiles of the KL for each evaluation, its interquartile mean, and the share below the
/// threshold if there is one, for the best `most` configurations, and how the
/// best one's moved as a fan chart. Whole lines.
std::string quantile_tables(const Statistics& statistics, std::size_t most);

/// Q of every pattern of the world: exact where possible, else the share of the spec's samples.
/// @param parameters  [parameters of the machine's topology] after the last step, finite
std::vector<double> model_probabilities(const SweepSpec& spec, const Ranked& machine,
                                        std::span<const float> parameters);

/// Numbers of the most probable patterns of a world, at most `most`; ties in the world's order.
std::vector<std::size_t> most_probable(const World& world, std::size_t most);

/// How many pairs have no difference, and why; empty if all have one.
std::string left_out_text(const PairedComparison& result);

/// Configuration a against b on the same seeds, after the last step. Whole lines.
std::string comparison_text(const Statistics& statistics, std::uint64_t a, std::uint64_t b);

/// A machine in text: its KL, the world's patterns with their probability in the world and in the
/// model, and a few generated samples. Whole lines.
/// @param parameters  [parameters of the machine's topology] after the last step
/// @param columns     width of the terminal, in characters
std::string portrait(const SweepSpec& spec, const std::string& title, const Ranked& machine,
                     std::span<const float> parameters, int columns);

}  // namespace helmholtz::report
