#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "report/draw.hpp"
#include "report/html/plots.hpp"
#include "report/html/sections.hpp"
#include "report/sweep_report.hpp"

namespace helmholtz::report {

namespace {

/// Printed before the machines: the patterns that their bars are about.
std::string world_tiles(const World& world, const std::vector<std::size_t>& patterns) {
  std::string tiles;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    tiles += tile_figure(bit_tile(pattern_bits(world, patterns[i]), world.shape()),
                         fmt::format("{}<br>{:.4f}", i + 1, world.probabilities()[patterns[i]]));
  }
  const auto note = fmt::format(
      "<p class=\"note\">{} of {}, the most probable first, with their probability.</p>\n",
      patterns.size(), world.size());
  return tile_block("Patterns of the world", note, tiles);
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

std::string sample_tiles(const SweepSpec& spec, const TrainedMachine& trained) {
  constexpr std::size_t kSamples = 32;
  std::string tiles;
  for (const auto& bits : samples_of(spec, trained, kSamples)) {
    tiles += fmt::format("<figure>{}</figure>\n", bit_tile(bits, spec.world.shape()));
  }
  return tile_block(fmt::format("{} generated samples", kSamples), "", tiles);
}

}  // namespace

std::string machines_section(const SweepSpec& spec, const std::vector<TrainedMachine>& machines,
                             const Gnuplot& gnuplot) {
  constexpr std::size_t kMostPatterns = 24;
  if (machines.empty()) return "";
  const auto c = spec.machine(machines.front().machine.machine).configuration;
  const auto& topology = spec.topology(c);
  const bool is_data = spec.world.is_data();
  const auto patterns =
      is_data ? std::vector<std::size_t>() : most_probable(spec.world, kMostPatterns);
  auto out = fmt::format(
      "<h2>What machines of the best configuration learned</h2>\n"
      "<p class=\"note\">Configuration {}: {}. <code>helmholtz replay DIR --machine N</code> "
      "trains "
      "one again, with the same bits.</p>\n{}",
      c, escaped(configuration_text(spec, c)), is_data ? "" : world_tiles(spec.world, patterns));
  for (const auto& trained : machines) {
    const auto q = model_probabilities(spec, trained);
    out += fmt::format("<h2>{}: number {}, seed {}, {} {} nats</h2>\n", escaped(trained.title),
                       trained.machine.machine, trained.machine.seed,
                       metric_of(spec, trained.machine).title, cell_number(trained.machine.value));
    if (!q.empty()) out += bars(spec.world, patterns, q, gnuplot);
    out += sample_tiles(spec, trained) + activity_table(spec, trained) +
           weight_tiles(topology, spec.world.shape(), trained.parameters);
  }
  return out;
}

}  // namespace helmholtz::report
