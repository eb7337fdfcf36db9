#include "report/html/tiles.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <fmt/format.h>

namespace helmholtz::report {

namespace {

constexpr int kLevels = 10;                  // of a colour, on each side of zero
constexpr std::size_t kMostPixels = 40'000;  // of one machine's weights
constexpr std::size_t kMostTiles = 48;

/// Opens the <svg> of a tile: pixels of a whole size, at most about 80 wide or high.
std::string opening(ImageShape shape) {
  const int longest = std::max(shape.rows, shape.columns);
  const int pixel = std::clamp(80 / longest, 2, 12);
  return fmt::format(
      "<svg class=\"tile\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" "
      "shape-rendering=\"crispEdges\">",
      shape.columns * pixel, shape.rows * pixel, shape.columns, shape.rows);
}

/// The outline of all pixels of one colour, run by run.
template <class Level>
std::map<int, std::string> paths_by_level(ImageShape shape, Level&& level_of) {
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
  return paths;
}

/// From blue (-kLevels) over nearly white to red (kLevels).
std::string colour(int level) {
  struct Rgb {
    double r, g, b;
  };
  constexpr Rgb kBlue{.r = 33, .g = 102, .b = 172};
  constexpr Rgb kRed{.r = 178, .g = 24, .b = 43};
  constexpr double kMiddle = 247;
  const auto& end = level < 0 ? kBlue : kRed;
  const double share = std::abs(level) / static_cast<double>(kLevels);
  const auto mixed = [&](double full) {
    return static_cast<int>(std::lround(kMiddle + share * (full - kMiddle)));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mixed(end.r), mixed(end.g), mixed(end.b));
}

std::string figure(const std::string& tile, const std::string& caption) {
  return fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", tile, caption);
}

/// The colours and the numbers at their ends.
std::string colour_scale(float scale) {
  std::string out = fmt::format(
      "<div class=\"scale\">{:.3g}<svg viewBox=\"0 0 {} 1\" preserveAspectRatio=\"none\" "
      "shape-rendering=\"crispEdges\">",
      -scale, 2 * kLevels + 1);
  for (int level = -kLevels; level <= kLevels; ++level) {
    out += fmt::format(R"(<path fill="{}" d="M{} 0h1v1h-1z"/>)", colour(level), level + kLevels);
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

std::size_t tiles_shown(std::size_t units, ImageShape shape) {
  const auto pixels =
      static_cast<std::size_t>(shape.rows) * static_cast<std::size_t>(shape.columns);
  return std::min({units, kMostTiles, std::max<std::size_t>(1, kMostPixels / pixels / 2)});
}

/// What each unit above the visible layer stands for, from both networks.
std::string visible_tiles(const Topology& topology, ImageShape shape,
                          std::span<const float> parameters) {
  const auto& down = topology.generative(topology.last());
  const auto& up = topology.recognition(topology.last() - 1);
  const auto pixels = static_cast<std::size_t>(down.outputs);
  const auto units = static_cast<std::size_t>(down.inputs);
  const auto generative = parameters.subspan(down.weights, pixels * units);
  const auto recognition = parameters.subspan(up.weights, pixels * units);
  const auto shown = tiles_shown(units, shape);
  const auto biases = parameters.subspan(down.bias, pixels);
  const float scale = scale_of(generative);
  auto out =
      fmt::format("<h3>Generative weights into the visible layer</h3>\n{}<div class=\"tiles\">\n{}",
                  colour_scale(scale), figure(weight_tile(biases, shape, scale), "bias"));
  std::vector<float> column(pixels);
  for (std::size_t i = 0; i < shown; ++i) {
    for (std::size_t j = 0; j < pixels; ++j) column[j] = generative[j * units + i];
    out += figure(weight_tile(column, shape, scale), fmt::format("unit {}", i + 1));
  }
  const float back = scale_of(recognition);
  out += fmt::format(
      "</div>\n<h3>Recognition weights from the visible layer</h3>\n{}<div class=\"tiles\">\n",
      colour_scale(back));
  for (std::size_t i = 0; i < shown; ++i) {
    out += figure(weight_tile(recognition.subspan(i * pixels, pixels), shape, back),
                  fmt::format("unit {}", i + 1));
  }
  out += "</div>\n";
  if (shown < units) out += fmt::format("<p class=\"note\">{} of {} units.</p>\n", shown, units);
  return out;
}

/// The matrices between hidden layers, [outputs x inputs].
std::string hidden_tiles(const Topology& topology, std::span<const float> parameters) {
  std::string tiles;
  std::size_t pixels = 0;
  float scale = 0;
  const auto add = [&](const LayerView& layer, const std::string& name) {
    const ImageShape shape{.rows = layer.outputs, .columns = layer.inputs};
    const auto size =
        static_cast<std::size_t>(layer.outputs) * static_cast<std::size_t>(layer.inputs);
    if ((pixels += size) > kMostPixels) return;
    const auto weights = parameters.subspan(layer.weights, size);
    scale = scale_of(weights);
    tiles +=
        figure(weight_tile(weights, shape, scale),
               fmt::format("{}<br>{} × {}, ±{:.3g}", name, layer.outputs, layer.inputs, scale));
  };
  for (int l = 1; l < topology.last(); ++l) {
    add(topology.generative(l), fmt::format("W<sub>{}</sub>", l));
    add(topology.recognition(l - 1), fmt::format("R<sub>{}</sub>", l - 1));
  }
  if (tiles.empty()) return "";
  return "<h3>Weights between hidden layers</h3>\n<p class=\"note\">Rows: units of the layer that "
         "is "
         "computed; layer 0 is the top one. Each matrix has its own scale.</p>\n<div "
         "class=\"tiles\">\n" +
         tiles + "</div>\n";
}

}  // namespace

std::string bit_tile(std::span<const std::uint8_t> bits, ImageShape shape) {
  auto out = opening(shape);
  const auto paths =
      paths_by_level(shape, [&](int i) { return bits[static_cast<std::size_t>(i)] != 0 ? 1 : 0; });
  for (const auto& [level, path] : paths) {
    out += fmt::format(R"(<path class="{}" d="{}"/>)", level != 0 ? "on" : "off", path);
  }
  return out + "</svg>";
}

std::string weight_tile(std::span<const float> values, ImageShape shape, float scale) {
  auto out = opening(shape);
  const auto paths = paths_by_level(shape, [&](int i) {
    const float share = std::clamp(values[static_cast<std::size_t>(i)] / scale, -1.0F, 1.0F);
    return static_cast<int>(std::lround(share * kLevels));
  });
  for (const auto& [level, path] : paths) {
    out += fmt::format(R"(<path fill="{}" d="{}"/>)", colour(level), path);
  }
  return out + "</svg>";
}

std::string weight_tiles(const Topology& topology, ImageShape shape,
                         std::span<const float> parameters) {
  return visible_tiles(topology, shape, parameters) + hidden_tiles(topology, parameters);
}

}  // namespace helmholtz::report
