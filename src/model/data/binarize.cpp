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

}  // namespace helmholtz
