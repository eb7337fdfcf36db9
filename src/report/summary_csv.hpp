#pragma once

#include <string>

#include "report/statistics.hpp"

namespace helmholtz::report {

/// A line per configuration and evaluation: how the KL is spread over its machines, in nats. Empty
/// fields: no such number; inf: above every number (`infinite` counts those of the `n` machines).
std::string summary_csv(const Statistics& statistics);

}  // namespace helmholtz::report
