#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "report/html/sections.hpp"

namespace helmholtz::report {

namespace {

constexpr int kShades = 10;                  // of a colour, on each side of zero
constexpr std::size_t kMostPixels = 40'000;  // of one machine's weights
constexpr std::size_t kMostTiles = 48;

/// A picture of pixels of a whole size, at most about 80 wide or high, as <svg>: a path per level,
/// which goes around its pixels run by run.
/// @param level_of    of pixel i
/// @param attributes  of a level's path: what colours it
template <class Level, class Attributes>
std::string tile(ImageShape shape, Level&& level_of, Attributes&& attributes) {
  std::map<int, std::string> paths;
  for (int row = 0; row < shape.rows; ++row) {
    for (int column = 0; column < shape.columns;) {
      const int level = level_of(row * shape.columns + column);
      int end = column + 1;
      while (end < shape.columns && level_of(row * shape.columns + end) == level) ++end;
      paths[level] += fmt::format("M{} {}h{}v1h-{}z", column, row, end - column, end - column);
      column = end;
    }
  }
  const int pixel = std::clamp(80 / std::max(shape.rows, shape.columns), 2, 12);
  auto out = fmt::format(
      "<svg class=\"tile\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" "
      "shape-rendering=\"crispEdges\">",
      shape.columns * pixel, shape.rows * pixel, shape.columns, shape.rows);
  for (const auto& [level, path] : paths) {
    out += fmt::format(R"(<path {} d="{}"/>)", attributes(level), path);
  }
  return out + "</svg>";
}

/// From blue (-kShades) over nearly white to red (kShades).
std::string colour(int level) {
  constexpr std::array kLowest = {33, 102, 172};
  constexpr std::array kHighest = {178, 24, 43};
  constexpr double kMiddle = 247;
  const double share = std::abs(level) / static_cast<double>(kShades);
  std::string out = "#";
  for (const int full : level < 0 ? kLowest : kHighest) {
    out += fmt::format("{:02x}", std::lround(kMiddle + share * (full - kMiddle)));
  }
  return out;
}

/// The colours and the numbers at their ends.
std::string colour_scale(float scale) {
  std::string out = fmt::format(
      "<div class=\"scale\">{:.3g}<svg viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\" "
      "shape-rendering=\"crispEdges\">",
      -scale, 2 * kShades + 1);
  for (int level = -kShades; level <= kShades; ++level) {
    out += fmt::format(R"(<path fill="{}" d="M{} 0h1v1h-1z"/>)", colour(level), level + kShades);
  }
  return out + fmt::format("</svg>{:.3g}</div>\n", scale);
}

/// What colours a group of tiles: the value that 98 % of them do not exceed, so that one large
/// weight does not bleach the rest.
float scale_of(std::span<const float> values) {
  std::vector<float> sizes;
  for (const float value : values) sizes.push_back(std::abs(value));
  if (sizes.empty()) return 1;
  const auto place = sizes.begin() + static_cast<std::ptrdiff_t>((sizes.size() - 1) * 98 / 100);
  std::nth_element(sizes.begin(), place, sizes.end());
  return *place > 0 ? *place : 1;
}

std::size_t size_of(const LayerView& layer) {
  return static_cast<std::size_t>(layer.outputs) * static_cast<std::size_t>(layer.inputs);
}

/// What each unit above the visible layer stands for, from both networks.
std::string visible_tiles(const Topology& topology, ImageShape shape,
                          std::span<const float> parameters) {
  const auto& down = topology.generative(topology.last());
  const auto& up = topology.recognition(topology.last() - 1);
  const auto pixels = static_cast<std::size_t>(down.outputs);
  const auto units = static_cast<std::size_t>(down.inputs);
  const auto generative = parameters.subspan(down.weights, size_of(down));
  const auto recognition = parameters.subspan(up.weights, size_of(up));
  const auto shown =
      std::min({units, kMostTiles, std::max<std::size_t>(1, kMostPixels / pixels / 2)});
  const float scale = scale_of(generative);
  auto down_tiles =
      tile_figure(weight_tile(parameters.subspan(down.bias, pixels), shape, scale), "bias");
  const float back = scale_of(recognition);
  std::string up_tiles;
  std::vector<float> column(pixels);
  for (std::size_t i = 0; i < shown; ++i) {
    const auto name = fmt::format("unit {}", i + 1);
    for (std::size_t j = 0; j < pixels; ++j) column[j] = generative[j * units + i];
    down_tiles += tile_figure(weight_tile(column, shape, scale), name);
    up_tiles +=
        tile_figure(weight_tile(recognition.subspan(i * pixels, pixels), shape, back), name);
  }
  return tile_block("Generative weights into the visible layer", colour_scale(scale), down_tiles) +
         tile_block("Recognition weights from the visible layer", colour_scale(back), up_tiles) +
         (shown < units ? fmt::format("<p class=\"note\">{} of {} units.</p>\n", shown, units)
                        : "");
}

/// The matrices between hidden layers, [outputs x inputs].
std::string hidden_tiles(const Topology& topology, std::span<const float> parameters) {
  std::string tiles;
  std::size_t pixels = 0;
  const auto add = [&](const LayerView& layer, const std::string& name) {
    if ((pixels += size_of(layer)) > kMostPixels) return;
    const auto weights = parameters.subspan(layer.weights, size_of(layer));
    const float scale = scale_of(weights);
    tiles += tile_figure(
        weight_tile(weights, {.rows = layer.outputs, .columns = layer.inputs}, scale),
        fmt::format("{}<br>{} × {}, ±{:.3g}", name, layer.outputs, layer.inputs, scale));
  };
  for (int l = 1; l < topology.last(); ++l) {
    add(topology.generative(l), fmt::format("W<sub>{}</sub>", l));
    add(topology.recognition(l - 1), fmt::format("R<sub>{}</sub>", l - 1));
  }
  if (tiles.empty()) return "";
  return tile_block(
      "Weights between hidden layers",
      "<p class=\"note\">Rows: units of the layer that is computed; layer 0 is the top "
      "one. Each matrix has its own scale.</p>\n",
      tiles);
}

}  // namespace

std::string tile_figure(const std::string& tile, const std::string& caption) {
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", tile, caption);
}

std::string tile_block(const std::string& heading, const std::string& note,
                       const std::string& tiles) {
  return fmt::format("<h3>{}</h3>\n{}<div class=\"tiles\">\n{}</div>\n", heading, note, tiles);
}

std::string bit_tile(std::span<const std::uint8_t> bits, ImageShape shape) {
  return tile(
      shape, [&](int i) { return bits[static_cast<std::size_t>(i)] != 0 ? 1 : 0; },
      [](int level) { return level != 0 ? R"(class="on")" : R"(class="off")"; });
}

std::string weight_tile(std::span<const float> values, ImageShape shape, float scale) {
  const auto level_of = [&](int i) {
    const float share = std::clamp(values[static_cast<std::size_t>(i)] / scale, -1.0F, 1.0F);
    return static_cast<int>(std::lround(share * kShades));
  };
  return tile(shape, level_of,
              [](int level) { return fmt::format(R"(fill="{}")", colour(level)); });
}

std::string weight_tiles(const Topology& topology, ImageShape shape,
                         std::span<const float> parameters) {
  return visible_tiles(topology, shape, parameters) + hidden_tiles(topology, parameters);
}

}  // namespace helmholtz::report
