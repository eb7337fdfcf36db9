#include "app/part.hpp"

#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "app/parse.hpp"
#include "helmholtz/error.hpp"
#include "model/text.hpp"

namespace helmholtz::app {

namespace {

constexpr std::uint64_t kMaxParts = 1'000'000;

std::uint64_t variable(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : parse_integer(name, value, 0, kMaxParts);
}

SweepPart slurm_part() {
  if (std::getenv("SLURM_ARRAY_TASK_ID") == nullptr) return {};
  const auto id = variable("SLURM_ARRAY_TASK_ID", 0);
  const auto first = variable("SLURM_ARRAY_TASK_MIN", 0);
  const auto step = variable("SLURM_ARRAY_TASK_STEP", 1);
  const auto count = variable("SLURM_ARRAY_TASK_COUNT", 0);
  if (count == 0 || step == 0 || id < first || (id - first) % step != 0 ||
      (id - first) / step >= count) {
    throw InvalidArgument("SLURM_ARRAY_TASK_ID", std::to_string(id),
                          "one of SLURM_ARRAY_TASK_COUNT tasks in equal steps from "
                          "SLURM_ARRAY_TASK_MIN; or give --shard");
  }
  return {.k = (id - first) / step, .n = count};
}

}  // namespace

SweepPart parse_part(const std::optional<std::string>& text) {
  if (!text) return slurm_part();
  const auto parts = text::split(*text, '/');
  const auto n =
      parts.size() == 2 ? text::number<std::uint64_t>(parts.back()).value_or(0) : std::uint64_t{0};
  const auto k = text::number<std::uint64_t>(parts.front()).value_or(n);
  if (n > kMaxParts || k >= n) {
    throw InvalidArgument("shard", *text,
                          fmt::format("k/n, part k of n, with k from 0 to n-1 and n up to {}, "
                                      "e.g. 0/4",
                                      kMaxParts));
  }
  return {.k = k, .n = n};
}

}  // namespace helmholtz::app
