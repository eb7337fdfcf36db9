#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "report/html/html_report.hpp"
#include "support/small_sweep.hpp"

/// Pages of small sweeps, and whether a page is well-formed.
namespace helmholtz::testing {

/// Two hidden sizes, two rates, five seeds, two evaluations.
inline SweepSpec four_configurations() {
  auto spec = two_configurations();
  spec.topologies.emplace_back(std::vector<int>{2, 3, 9});
  return spec;
}

inline report::Statistics statistics_of(const SweepSpec& spec, const std::vector<double>& last_kl,
                                        std::optional<double> success_below = {}) {
  report::Summary summary(spec);
  summary.write(shard_of(spec, last_kl));
  return report::Statistics(std::move(summary), success_below);
}

/// Five seeds of four configurations: the last one is the best; a machine diverged.
inline const std::vector<double> kResults = {0.9,  0.8, 0.7,  0.30, 0.9, 0.8, std::nan(""),
                                             0.31, 0.9, 0.81, 0.7,  0.2, 0.9, 0.82,
                                             0.7,  0.2, 0.91, 0.83, 0.7, 0.25};

inline report::TrainedMachine machine_of(const SweepSpec& spec, std::uint64_t number) {
  const auto& topology = spec.topology(spec.machine(number).configuration);
  const report::Ranked machine{.machine = number, .seed = 2, .value = 0.2};
  const std::vector<float> parameters(topology.parameters(), 0.25F);
  return {.title = "best machine",
          .machine = machine,
          .parameters = parameters,
          .activity = report::activity_of(spec, machine, parameters)};
}

inline std::string report_of(const SweepSpec& spec, std::optional<double> success_below = {}) {
  const auto statistics = statistics_of(spec, kResults, success_below);
  return report::html_report(statistics, {.machines = {machine_of(spec, 11)}, .compare = {{3, 0}}},
                             report::Gnuplot());
}

/// What is wrong with the nesting of a page's elements; empty if nothing.
inline std::string nesting_fault(const std::string& html) {
  std::vector<std::string> open;
  for (auto at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const auto end = html.find('>', at);
    if (end == std::string::npos) return "an open tag";
    const auto tag = html.substr(at + 1, end - at - 1);
    const auto name = tag.substr(0, tag.find_first_of(" \n\t"));
    if (name == "!DOCTYPE" || name == "meta" || name == "br" || tag.ends_with('/')) continue;
    if (!name.starts_with('/')) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name.substr(1)) {
      return fmt::format("<{}> at {}", name, at);
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

}  // namespace helmholtz::testing
