#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz {

namespace {

constexpr std::string_view kAllowedSeeds =
    "seeds (0 to 18446744073709551615) and half-open ranges FIRST:END with FIRST < END, joined by "
    "commas, e.g. 0:4096 or 1,2,10:20";

struct Term {
  std::uint64_t first;
  std::uint64_t count;
};

std::optional<Term> parse_term(std::string_view text) {
  const auto parts = text::split(text, ':');
  const auto first = text::number<std::uint64_t>(parts[0]);
  if (!first || parts.size() > 2) return std::nullopt;
  if (parts.size() == 1) return Term{*first, 1};
  const auto end = text::number<std::uint64_t>(parts[1]);
  if (!end || *end <= *first) return std::nullopt;
  return Term{*first, *end - *first};
}

}  // namespace

SeedSet SeedSet::parse(std::string_view text) {
  SeedSet set;
  for (const auto part : text::split(text, ',')) {
    const auto term = parse_term(part);
    if (!term) throw InvalidArgument("seeds", text, kAllowedSeeds);
    if (term->count > kMaxSeeds - set.size_) {
      throw InvalidArgument("seeds", text, fmt::format("at most {} seeds", kMaxSeeds));
    }
    set.ranges_.push_back({.first = term->first, .count = term->count, .index = set.size_});
    set.size_ += term->count;
  }
  set.require_distinct(text);
  return set;
}

void SeedSet::require_distinct(std::string_view text) const {
  auto sorted = ranges_;
  std::sort(sorted.begin(), sorted.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  const auto overlap = std::adjacent_find(
      sorted.begin(), sorted.end(),
      [](const Range& a, const Range& b) { return b.first - a.first < a.count; });
  if (overlap != sorted.end()) {
    throw InvalidArgument(
        "seeds", text, fmt::format("each seed once (seed {} occurs twice)", (overlap + 1)->first));
  }
}

std::uint64_t SeedSet::operator[](std::uint64_t index) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), index,
                       [](std::uint64_t i, const Range& range) { return i < range.index; });
  const auto& range = *(after - 1);
  return range.first + (index - range.index);
}

bool SeedSet::begins_with(const SeedSet& others) const {
  if (others.size_ > size_) return false;
  // Within a range of either set seeds ascend by one: it is enough to compare where one begins.
  const auto agrees = [&](const Range& range) {
    return range.index >= others.size_ || (*this)[range.index] == others[range.index];
  };
  return std::all_of(ranges_.begin(), ranges_.end(), agrees) &&
         std::all_of(others.ranges_.begin(), others.ranges_.end(), agrees);
}

std::string SeedSet::to_string() const {
  std::string text;
  for (const auto& range : ranges_) {
    if (!text.empty()) text += ',';
    text += range.count == 1 ? fmt::format("{}", range.first)
                             : fmt::format("{}:{}", range.first, range.first + range.count);
  }
  return text;
}

}  // namespace helmholtz
