#include "report/draw.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "helmholtz/evaluation.hpp"
#include "helmholtz/metrics.hpp"
#include "report/numbers.hpp"

namespace helmholtz::report {

namespace {

constexpr std::string_view kOn = "#";
constexpr std::string_view kOff = "·";
constexpr std::size_t kGap = 3;  // characters between two images

/// How one row of images is laid out, in characters.
struct Layout {
  std::size_t rows = 0;
  std::size_t pixels = 0;     ///< in a row of the image
  std::size_t pixel_gap = 0;  ///< spaces between two of them
  std::size_t image = 0;      ///< width of an image
  std::size_t cell = 0;       ///< width of an image and its caption
};

Layout layout_for(std::span<const Drawing> drawings, ImageShape shape) {
  constexpr std::size_t kWide = 16;
  Layout layout{.rows = static_cast<std::size_t>(shape.rows),
                .pixels = static_cast<std::size_t>(shape.columns)};
  if (layout.rows > 1 && layout.pixels <= kWide) layout.pixel_gap = 1;
  layout.cell = layout.image = layout.pixels + layout.pixel_gap * (layout.pixels - 1);
  for (const auto& drawing : drawings) layout.cell = std::max(layout.cell, drawing.caption.size());
  return layout;
}

/// Appends row `row` of an image, padded to its cell.
void append_row(std::string& out, const Drawing& drawing, const Layout& layout, std::size_t row) {
  for (std::size_t i = 0; i < layout.pixels; ++i) {
    if (i > 0) out.append(layout.pixel_gap, ' ');
    out += drawing.bits[row * layout.pixels + i] != 0 ? kOn : kOff;
  }
  out.append(layout.cell - layout.image + kGap, ' ');
}

void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

void append_images(std::string& out, std::span<const Drawing> drawings, const Layout& layout) {
  for (std::size_t row = 0; row < layout.rows; ++row) {
    for (const auto& drawing : drawings) append_row(out, drawing, layout, row);
    end_line(out);
  }
  if (std::ranges::all_of(drawings, &std::string::empty, &Drawing::caption)) return;
  for (const auto& drawing : drawings) {
    out += fmt::format("{:<{}}", drawing.caption, layout.cell + kGap);
  }
  end_line(out);
}

/// One character for the part of a distribution between low and high.
const char* shade(const Distribution& d, double low, double high) {
  const auto overlaps = [&](QuantileIndex a, QuantileIndex b) {
    return d.quantiles[a] < high && d.quantiles[b] >= low;
  };
  if (overlaps(kMedian, kMedian)) return "█";
  if (overlaps(kQ25, kQ75)) return "▒";
  if (overlaps(kQ05, kQ95)) return "░";
  return " ";
}

/// The most probable patterns of the world, each with P and Q.
std::string draw_world(const World& world, std::span<const double> q, int columns) {
  constexpr std::size_t kMost = 12;
  const auto order = most_probable(world, kMost);
  std::vector<Drawing> drawings;
  for (const auto k : order) {
    drawings.push_back({.bits = pattern_bits(world, k),
                        .caption = fmt::format("{:.3f} {:.3f}", world.probabilities()[k], q[k])});
  }
  return fmt::format(
             "  {} of the world's {} patterns; below each its probability in the world and "
             "in the model\n",
             order.size(), world.size()) +
         draw_patterns(drawings, world.shape(), columns);
}

/// A few patterns that the machine generates.
std::string draw_samples(const SweepSpec& spec, const TrainedMachine& trained, int columns) {
  constexpr std::size_t kSamples = 8;
  std::vector<Drawing> drawings;
  for (auto& bits : samples_of(spec, trained, kSamples)) {
    drawings.push_back({.bits = std::move(bits), .caption = ""});
  }
  return fmt::format("  {} generated patterns\n", kSamples) +
         draw_patterns(drawings, spec.world.shape(), columns);
}

}  // namespace

const Topology& topology_of(const SweepSpec& spec, const Ranked& machine) {
  return spec.topology(spec.machine(machine.machine).configuration);
}

const Metric& metric_of(const SweepSpec& spec, const Ranked& machine) {
  const auto c = spec.machine(machine.machine).configuration;
  return *spec.ranking_metrics()[spec.configuration(c).topology];
}

std::string draw_patterns(std::span<const Drawing> drawings, ImageShape shape, int columns) {
  const auto layout = layout_for(drawings, shape);
  const auto width = static_cast<std::size_t>(std::max(columns, 1));
  const auto in_line = std::max<std::size_t>(1, (width + kGap) / (layout.cell + kGap));
  std::string out;
  for (std::size_t first = 0; first < drawings.size(); first += in_line) {
    if (first > 0) out += '\n';
    append_images(out, drawings.subspan(first, std::min(in_line, drawings.size() - first)), layout);
  }
  return out;
}

Bits pattern_bits(const World& world, std::size_t k) {
  Bits bits(static_cast<std::size_t>(world.visible_units()));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    bits[i] = world.bit(k, static_cast<int>(i)) ? 1 : 0;
  }
  return bits;
}

std::string digits(const Bits& bits) {
  std::string text;
  for (const auto bit : bits) text += bit != 0 ? '1' : '0';
  return text;
}

std::vector<Bits> split_patterns(const Bits& all, int units) {
  std::vector<Bits> patterns;
  for (auto bit = all.begin(); bit != all.end(); bit += units) {
    patterns.emplace_back(bit, bit + units);
  }
  return patterns;
}

std::vector<Bits> samples_of(const SweepSpec& spec, const TrainedMachine& trained,
                             std::uint64_t count) {
  const auto& topology = topology_of(spec, trained.machine);
  return split_patterns(
      generate_patterns(topology, trained.parameters, trained.machine.seed, spec.steps, 0, count),
      topology.visible_units());
}

std::string fan_chart(const std::vector<Distribution>& columns, const Range& axis,
                      const std::string& first_label, const std::string& last_label) {
  constexpr int kRows = 12;
  constexpr std::size_t kWidth = 60;  // characters
  if (!(axis.width() > 0)) return "";
  const auto shown = std::min(columns.size(), kWidth);
  const auto repeat = kWidth / shown;
  const double above = std::nextafter(axis.high, std::numeric_limits<double>::infinity());
  const double height = (above - axis.low) / kRows;
  const auto edge = [&](int row) { return axis.low + row * height; };
  const auto label = [&](int row) {
    constexpr double kWide = 999;  // of the seven characters
    return fmt::format("{:7.{}f}", edge(row), std::abs(edge(row)) > kWide ? 1 : 3);
  };
  std::string chart;
  for (int row = kRows - 1; row >= 0; --row) {
    chart += label(row + 1) + " ┤";
    for (std::size_t x = 0; x < shown; ++x) {
      const auto* const mark =
          shade(columns[(x + 1) * columns.size() / shown - 1], edge(row), edge(row + 1));
      for (std::size_t i = 0; i < repeat; ++i) chart += mark;
    }
    chart += '\n';
  }
  const auto width = shown * repeat;
  chart += label(0) + " └";
  for (std::size_t x = 0; x < width; ++x) chart += "─";
  const auto gap = width - std::min(width, first_label.size());
  chart += fmt::format("\n{:9}{}{:>{}}\n", "", first_label, last_label, gap);
  return chart;
}

std::vector<double> model_probabilities(const SweepSpec& spec, const TrainedMachine& trained) {
  const auto& parameters = trained.parameters;
  const auto& topology = topology_of(spec, trained.machine);
  std::vector<double> q;
  if (spec.world.is_data()) return q;
  if (exact_is_feasible(topology)) {
    for (const double log_q :
         exact_distribution(topology, spec.world, parameters).log_probabilities)
      q.push_back(std::exp(log_q));
    return q;
  }
  if (spec.samples == 0) return q;
  const auto sampled = sampled_distribution(topology, spec.world, parameters, trained.machine.seed,
                                            spec.steps, spec.samples);
  for (const auto count : sampled.counts) {
    q.push_back(static_cast<double>(count) / static_cast<double>(sampled.samples));
  }
  return q;
}

std::vector<std::size_t> most_probable(const World& world, std::size_t most) {
  std::vector<std::size_t> order(world.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return world.probabilities()[a] > world.probabilities()[b];
  });
  order.resize(std::min(order.size(), most));
  return order;
}

std::string portrait(const SweepSpec& spec, const TrainedMachine& trained, int columns) {
  const auto& machine = trained.machine;
  const auto q = model_probabilities(spec, trained);
  return fmt::format("{}: seed {}, {} {} nats after {}\n", trained.title, machine.seed,
                     metric_of(spec, machine).title, decimal(machine.value),
                     counted(spec.steps, "step")) +
         (q.empty() ? "" : draw_world(spec.world, q, columns) + '\n') +
         draw_samples(spec, trained, columns);
}

}  // namespace helmholtz::report
