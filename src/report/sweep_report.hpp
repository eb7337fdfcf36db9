#pragma once

#include <string>
#include <vector>

#include "report/statistics.hpp"

namespace helmholtz::report {

/// "layers 1,6,9, lr 0.05, batch 1", and schedule and init where they are not the plain ones.
std::string configuration_text(const SweepSpec& spec, std::uint64_t c);

/// Which machines are successes: "below 0.35" of a KL, "above -85" of the log-likelihood.
std::string success_text(const Statistics& statistics);

/// The quantiles of what ranks machines for each evaluation, its interquartile mean, and the share
/// of successes if there is a threshold, for the best `most` configurations, and how the best one's
/// moved as a fan chart; with each table that of a log-likelihood beside a KL. Whole lines.
std::string quantile_tables(const Statistics& statistics, std::size_t most);

/// A line per configuration and evaluation: how what ranks them (column `kl`: which it is) is
/// spread over its machines, in nats; as many again of a log-likelihood beside a KL. Empty fields:
/// no such number; inf: above every number (`infinite` counts those of the `n` machines).
std::string summary_csv(const Statistics& statistics);

/// A term and what is said of it.
struct Item {
  std::string term;
  std::string text;
};
/// Configuration a against b on the same seeds, after the last step.
std::vector<Item> comparison_items(const Statistics& statistics, std::uint64_t a, std::uint64_t b);

}  // namespace helmholtz::report
