#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz {

SaveParameters SaveParameters::parse(std::string_view text) {
  constexpr std::string_view kBest = "best:";
  if (text == "none") return {};
  if (text == "all") return {.kind = Kind::all};
  if (text.starts_with(kBest)) {
    const auto count = text::number<std::uint64_t>(text.substr(kBest.size()));
    if (count && *count >= 1 && *count <= kMaxBest) return {.kind = Kind::best, .count = *count};
  }
  throw InvalidArgument("save-parameters", text,
                        fmt::format("none, all, or best:K with K 1 to {}", kMaxBest));
}

std::string SaveParameters::to_string() const {
  if (kind == Kind::best) return fmt::format("best:{}", count);
  return kind == Kind::all ? "all" : "none";
}

}  // namespace helmholtz
