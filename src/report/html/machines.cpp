#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "helmholtz/evaluation.hpp"
#include "report/draw.hpp"
#include "report/html/html.hpp"
#include "report/html/plots.hpp"
#include "report/html/sections.hpp"
#include "report/html/tiles.hpp"
#include "report/sweep_report.hpp"

namespace helmholtz::report {

namespace {

constexpr std::size_t kMostPatterns = 24;
constexpr std::size_t kSamples = 32;

/// Printed before the machines: the patterns that their bars are about.
std::string world_tiles(const World& world, const std::vector<std::size_t>& patterns) {
  std::string out = fmt::format(
      "<h3>Patterns of the world</h3>\n<p class=\"note\">{} of {}, the most probable "
      "first, with their probability.</p>\n<div class=\"tiles\">\n",
      patterns.size(), world.size());
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    out += fmt::format("<figure>{}<figcaption>{}<br>{:.4f}</figcaption></figure>\n",
                       bit_tile(pattern_bits(world, patterns[i]), world.shape()), i + 1,
                       world.probabilities()[patterns[i]]);
  }
  return out + "</div>\n";
}

std::string bars(const World& world, const std::vector<std::size_t>& patterns,
                 const std::vector<double>& q, const Gnuplot& gnuplot) {
  std::vector<double> in_world;
  std::vector<double> in_model;
  for (const auto k : patterns) {
    in_world.push_back(world.probabilities()[k]);
    in_model.push_back(q[k]);
  }
  const auto picture = draw_bars(gnuplot, in_world, in_model);
  if (!picture) return "";
  const double off_world = std::max(0.0, 1 - std::accumulate(q.begin(), q.end(), 0.0));
  return "<div class=\"figures\">\n" +
         figure("Patterns in the world and in the model", *picture,
                fmt::format("The model generates something else, no pattern of the world, with "
                            "probability {:.4f}.",
                            off_world)) +
         "</div>\n";
}

std::string sample_tiles(const SweepSpec& spec, const Topology& topology,
                         const TrainedMachine& trained) {
  const auto units = static_cast<std::size_t>(topology.visible_units());
  const auto bits = generate_patterns(topology, trained.parameters, trained.machine.seed,
                                      spec.steps, 0, kSamples);
  auto out = fmt::format("<h3>{} generated samples</h3>\n<div class=\"tiles\">\n", kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    out += fmt::format("<figure>{}</figure>\n",
                       bit_tile(std::span(bits).subspan(i * units, units), spec.world.shape()));
  }
  return out + "</div>\n";
}

}  // namespace

std::string machines_section(const SweepSpec& spec, const std::vector<TrainedMachine>& machines,
                             const Gnuplot& gnuplot) {
  if (machines.empty()) return "";
  const auto c = spec.machine(machines.front().machine.machine).configuration;
  const auto& topology = spec.topology(c);
  const auto patterns = most_probable(spec.world, kMostPatterns);
  auto out = fmt::format(
      "<h2>What machines of the best configuration learned</h2>\n<p class=\"note\">Configuration "
      "{}: "
      "{}. Trained again from their numbers: <code>helmholtz replay DIR --machine N</code> gives "
      "the same bits.</p>\n{}",
      c, escaped(configuration_text(spec, c)), world_tiles(spec.world, patterns));
  for (const auto& trained : machines) {
    const auto q = model_probabilities(spec, trained.machine, trained.parameters);
    out += fmt::format("<h2>{}: number {}, seed {}, {} KL {} nats</h2>\n", escaped(trained.title),
                       trained.machine.machine, trained.machine.seed, ranking_metric(topology).kind,
                       cell_number(trained.machine.kl));
    out += bars(spec.world, patterns, q, gnuplot) + sample_tiles(spec, topology, trained) +
           weight_tiles(topology, spec.world.shape(), trained.parameters);
  }
  return out;
}

}  // namespace helmholtz::report
