#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/experiments.hpp"
#include "app/interrupt.hpp"
#include "app/json.hpp"
#include "app/options.hpp"
#include "app/output.hpp"
#include "app/sweep_flags.hpp"
#include "app/sweep_run.hpp"
#include "evaluate/shift_direction.hpp"
#include "helmholtz/error.hpp"
#include "model/text.hpp"
#include "report/numbers.hpp"
#include "report/statistics.hpp"
#include "report/sweep_report.hpp"

namespace helmholtz::app {

namespace {

struct Flags {
  std::string name;
  std::string out;
  std::string seeds;
  std::string threads = "0";
  std::string backend = "auto";
  OutputOptions output;
};

const Experiment& find(const std::string& name) {
  std::vector<std::string_view> names;
  std::string allowed;
  for (const auto& experiment : experiments()) {
    if (experiment.name == name) return experiment;
    names.push_back(experiment.name);
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", experiment.name);
  }
  if (const auto near = text::closest(name, names)) {
    allowed += fmt::format("; did you mean {}?", *near);
  }
  throw InvalidArgument("experiment", name, allowed);
}

/// The sweep that a part's flags describe, with what this run changes.
SweepSpec spec_of(const ExperimentPart& part, const Flags& flags) {
  CLI::App parser;
  const SweepFlags sweep(parser);
  auto line = fmt::format("{} --threads {} --backend {}", part.flags, flags.threads, flags.backend);
  if (!flags.seeds.empty()) {
    const auto seeds = line.find("--seeds ");
    const auto end = line.find(' ', seeds + 8);
    line.replace(seeds, end - seeds, "--seeds " + flags.seeds);
  }
  parser.parse(line, false);
  auto spec = sweep.spec(sweep.parse());
  spec.validate();
  return spec;
}

/// How often each machine's top layer tells the direction of the shift.
class Directions : public ShardSink {
 public:
  explicit Directions(const SweepSpec& spec) : spec_(spec), accuracies_(spec.configurations()) {}

  void write(const Shard& shard) override {
    auto parameters = std::span(shard.parameters);
    for (const auto machine : shard.saved) {
      const auto k = machine - shard.first;
      const auto c = shard.configurations[k];
      const auto& topology = spec_.topologies[spec_.configuration(c).topology];
      const auto own = parameters.first(topology.parameters());
      parameters = parameters.subspan(own.size());
      if (shard.diverged[(k + 1) * shard.evaluations - 1] != 0) continue;
      accuracies_[c].push_back(shift_accuracy(topology, spec_.world, own, shard.seeds[k]));
    }
  }

  [[nodiscard]] report::Distribution of(std::uint64_t c) const {
    return report::describe(accuracies_[c]);
  }

 private:
  const SweepSpec& spec_;
  std::vector<std::vector<double>> accuracies_;  // [configurations]
};

/// One configuration's outcome.
struct Outcome {
  std::string part;
  std::string configuration;
  report::CellStatistics cell;                    ///< nats
  std::optional<report::Distribution> direction;  ///< shift_accuracy() over the machines
};

class Reproduction {
 public:
  explicit Reproduction(const Experiment& experiment)
      : experiment_(experiment), nats_(experiment.bits ? std::log(2.0) : 1.0) {}

  /// nats
  [[nodiscard]] std::optional<double> threshold() const {
    if (!experiment_.kl) return std::nullopt;
    // A KL equal to the published one reaches it.
    return std::nextafter(*experiment_.kl * nats_, 1e9);
  }

  void add(const ExperimentPart& part, const report::Statistics& statistics,
           const std::optional<Directions>& directions) {
    for (std::uint64_t c = 0; c < statistics.spec().configurations(); ++c) {
      outcomes_.push_back({std::string(part.name), report::configuration_text(statistics.spec(), c),
                           statistics.last(c), std::nullopt});
      if (directions) outcomes_.back().direction = directions->of(c);
    }
  }

  /// Best first: by the share that reaches the published result, then by the median.
  void sort() {
    std::stable_sort(outcomes_.begin(), outcomes_.end(), [](const auto& a, const auto& b) {
      const auto key = [](const Outcome& o) {
        const double share = std::isnan(o.cell.success.value) ? 0 : o.cell.success.value;
        return std::pair(-share, o.cell.kl.quantiles[report::kMedian]);
      };
      return key(a) < key(b);
    });
  }

  void print_json() const {
    for (const auto& o : outcomes_) {
      Json line = {{"part", o.part},
                   {"configuration", o.configuration},
                   {"unit", unit()},
                   {"machines", o.cell.machines()},
                   {"diverged", o.cell.diverged},
                   {"best", in_unit(o.cell, report::kMin)},
                   {"q05", in_unit(o.cell, report::kQ05)},
                   {"median", in_unit(o.cell, report::kMedian)},
                   {"q95", in_unit(o.cell, report::kQ95)},
                   {"mean", o.cell.kl.mean / nats_}};
      if (experiment_.kl) {
        line["published"] = *experiment_.kl;
        line["share_that_reaches_it"] = o.cell.success.value;
      }
      if (o.direction) {
        line["direction_told_median"] = o.direction->quantiles[report::kMedian];
        line["direction_told_best"] = o.direction->quantiles[report::kMax];
      }
      print_line(json_text(line));
    }
  }

  void print_table() const {
    print(fmt::format("{}\npublished: {}\n\nobtained, KL(world || model) in {}:\n",
                      experiment_.source, experiment_.published, unit()));
    print_line(fmt::format("{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}  {}", "best", "5 %", "median",
                           "95 %", "mean", "machines", experiment_.kl ? "reach it" : "diverged",
                           "configuration"));
    for (const auto& o : outcomes_) {
      print_line(fmt::format("{:9.4f}{:9.4f}{:9.4f}{:9.4f}{:9.4f}{:>10}{:>10}  {}: {}",
                             in_unit(o.cell, report::kMin), in_unit(o.cell, report::kQ05),
                             in_unit(o.cell, report::kMedian), in_unit(o.cell, report::kQ95),
                             o.cell.kl.mean / nats_, report::grouped(o.cell.machines()),
                             experiment_.kl ? fmt::format("{:.2f} %", 100 * o.cell.success.value)
                                            : report::grouped(o.cell.diverged),
                             o.part, o.configuration));
    }
    print_total();
    print_directions();
  }

 private:
  void print_directions() const {
    if (!experiment_.asks_direction) return;
    print("\nhow often the top layer tells the direction (0.5: by chance):\n");
    print_line(fmt::format("{:>9}{:>9}{:>9}  {}", "median", "95 %", "best", "configuration"));
    for (const auto& o : outcomes_) {
      const auto& q = o.direction->quantiles;
      print_line(fmt::format("{:9.3f}{:9.3f}{:9.3f}  {}: {}", q[report::kMedian], q[report::kQ95],
                             q[report::kMax], o.part, o.configuration));
    }
  }

  void print_total() const {
    if (!experiment_.kl) return;
    double machines = 0;
    double reached = 0;
    double best = std::numeric_limits<double>::infinity();
    for (const auto& o : outcomes_) {
      const auto n = static_cast<double>(o.cell.machines());
      machines += n;
      reached += n * o.cell.success.value;
      best = std::min(best, in_unit(o.cell, report::kMin));
    }
    print(fmt::format("\n{} of {} machines reach {} {} ({:.2f} %); the best has {:.4f}\n",
                      report::grouped(static_cast<std::uint64_t>(std::llround(reached))),
                      report::grouped(static_cast<std::uint64_t>(machines)), *experiment_.kl,
                      unit(), 100 * reached / machines, best));
  }

  [[nodiscard]] std::string_view unit() const { return experiment_.bits ? "bits" : "nats"; }
  [[nodiscard]] double in_unit(const report::CellStatistics& cell, std::size_t quantile) const {
    return cell.kl.quantiles[quantile] / nats_;
  }

  const Experiment& experiment_;
  double nats_;  ///< of one unit
  std::vector<Outcome> outcomes_;
};

ExitCode reproduce(const Flags& flags) {
  const auto& experiment = find(flags.name);
  if (flags.out.empty()) throw InvalidArgument("out", "", "a directory for the results");
  std::vector<SweepSpec> specs;
  for (const auto& part : experiment.parts) specs.push_back(spec_of(part, flags));
  catch_interrupts();
  Reproduction reproduction(experiment);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto& part = experiment.parts[i];
    if (!flags.output.quiet) {
      note(fmt::format("helmholtz: {} of {}: {}", i + 1, specs.size(), part.flags));
    }
    SweepRun run(specs[i], flags.output, std::filesystem::path(flags.out) / part.name, {},
                 reproduction.threshold());
    const auto statistics = run.complete();
    if (!statistics) {
      note("helmholtz: stopped; the same command goes on");
      return ExitCode::stopped;
    }
    std::optional<Directions> directions;
    if (experiment.asks_direction && !run.directory().read(directions.emplace(specs[i]))) {
      throw BadData(run.directory().path().string(), "a shard was damaged meanwhile; run it again");
    }
    reproduction.add(part, *statistics, directions);
  }
  reproduction.sort();
  flags.output.json ? reproduction.print_json() : reproduction.print_table();
  if (!flags.output.json) {
    print(fmt::format("\nresults: {}; pictures: helmholtz report {}\n", flags.out,
                      (std::filesystem::path(flags.out) / experiment.parts[0].name).string()));
  }
  return ExitCode::ok;
}

std::string footer() {
  std::string text =
      "Runs the sweeps that stand beside a published result; a sweep directory each. "
      "The same\ncommand goes on where it was stopped.\n\n";
  for (const auto& experiment : experiments()) {
    text += fmt::format("  {:<10}{}\n{:12}published: {}\n", experiment.name, experiment.source, "",
                        experiment.published);
  }
  return text + "\nExample:\n  helmholtz reproduce bars --out runs/bars\n";
}

}  // namespace

Command add_reproduce(CLI::App& program) {
  auto* parser = program.add_subcommand("reproduce", "published results beside our own");
  const auto flags = std::make_shared<Flags>();
  parser->footer(footer());
  parser->add_option("EXPERIMENT", flags->name, "notebook, kirby, bars, shifter")->required();
  parser->add_option("--out", flags->out, "directory for the sweeps; made with its parents")
      ->type_name("DIR")
      ->group("Output");
  parser->add_option("--seeds", flags->seeds, "other seeds for every sweep, e.g. 0:10 to try it")
      ->type_name("A:B")
      ->group("Run");
  parser->add_option("--backend", flags->backend, "see helmholtz backends")
      ->type_name("NAME")
      ->group("Run")
      ->default_str(flags->backend);
  parser->add_option("--threads", flags->threads, "CPU threads; 0: all cores")
      ->type_name("N")
      ->group("Run")
      ->default_str(flags->threads);
  add_output_flags(*parser, flags->output);
  return {.parser = parser, .run = [flags] { return reproduce(*flags); }};
}

}  // namespace helmholtz::app
