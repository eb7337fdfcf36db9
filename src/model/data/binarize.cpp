#include <utility>
#include <vector>

#include "base/text.hpp"
#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

Binarize Binarize::parse(std::string_view text) {
  if (text == "none") return {};
  if (text == "sample") return {.kind = Kind::sample};
  const auto threshold = text::number<double>(text);
  if (!threshold || !(*threshold > 0 && *threshold <= 1)) {
    throw InvalidArgument("binarize", text, "none, sample, or a threshold above 0, at most 1");
  }
  return {.kind = Kind::threshold, .threshold = *threshold};
}

std::string Binarize::to_string() const {
  if (kind == Kind::none) return "none";
  return kind == Kind::sample ? "sample" : text::shortest(threshold);
}

Rows binarised(Rows rows) {
  constexpr std::uint64_t kSeed = 0;
  if (!rows.is_grey()) return rows;
  const auto stride = rows.words_per_row();
  std::vector<std::uint32_t> words(rows.size() * stride);
  for (std::size_t n = 0; n < rows.size(); ++n) {
    draw_row(rows, n, kSeed, n, std::span(words).subspan(n * stride, stride));
  }
  return {rows.units(), std::move(words)};
}

}  // namespace helmholtz
