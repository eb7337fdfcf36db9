#include "report/draw.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace helmholtz::report {

namespace {

constexpr std::string_view kOn = "#";
constexpr std::string_view kOff = "·";
constexpr std::size_t kGap = 3;  // characters between two images

/// How one row of images is laid out, in characters.
struct Layout {
  std::size_t rows;
  std::size_t pixels;     ///< in a row of the image
  std::size_t pixel_gap;  ///< spaces between two of them
  std::size_t cell;       ///< width of an image and its caption
};

Layout layout_for(std::span<const Drawing> drawings, ImageShape shape) {
  constexpr std::size_t kWide = 16;
  Layout layout{.rows = static_cast<std::size_t>(shape.rows),
                .pixels = static_cast<std::size_t>(shape.columns),
                .pixel_gap = 0,
                .cell = 0};
  if (layout.rows > 1 && layout.pixels <= kWide) layout.pixel_gap = 1;
  layout.cell = layout.pixels + layout.pixel_gap * (layout.pixels - 1);
  for (const auto& drawing : drawings) layout.cell = std::max(layout.cell, drawing.caption.size());
  return layout;
}

/// Appends row `row` of an image, padded to its cell.
void append_row(std::string& out, const Drawing& drawing, const Layout& layout, std::size_t row) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < layout.pixels; ++i) {
    if (i > 0) out.append(layout.pixel_gap, ' ');
    width += 1 + (i > 0 ? layout.pixel_gap : 0);
    out += drawing.bits[row * layout.pixels + i] != 0 ? kOn : kOff;
  }
  out.append(layout.cell - width + kGap, ' ');
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
  const auto has_caption = [](const Drawing& drawing) { return !drawing.caption.empty(); };
  if (!std::any_of(drawings.begin(), drawings.end(), has_caption)) return;
  for (const auto& drawing : drawings) {
    out += fmt::format("{:<{}}", drawing.caption, layout.cell + kGap);
  }
  end_line(out);
}

}  // namespace

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

std::vector<std::uint8_t> pattern_bits(const World& world, std::size_t k) {
  std::vector<std::uint8_t> bits(static_cast<std::size_t>(world.visible_units()));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    bits[i] = world.bit(k, static_cast<int>(i)) ? 1 : 0;
  }
  return bits;
}

}  // namespace helmholtz::report
