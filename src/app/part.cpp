#include "app/part.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "app/parse.hpp"
#include "helmholtz/error.hpp"
#include "model/text.hpp"
#include "report/numbers.hpp"

namespace helmholtz::app {

namespace {

constexpr std::uint64_t kMaxParts = 1'000'000;

std::uint64_t variable(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : parse_integer(name, value, 0, kMaxParts);
}

/// How a launcher numbers the processes that it starts.
struct Launcher {
  const char* number;  ///< from 0
  const char* count;
};

/// The innermost first: what mpirun starts in a Slurm job inherits Slurm's variables.
constexpr std::array kLaunchers = {
    Launcher{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, Launcher{"PMI_RANK", "PMI_SIZE"},
    Launcher{"SLURM_PROCID", "SLURM_NTASKS"}, Launcher{"JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"}};

std::optional<ChosenPart> array_part() {
  constexpr const char* kId = "SLURM_ARRAY_TASK_ID";
  if (std::getenv(kId) == nullptr) return std::nullopt;
  const auto id = variable(kId, 0);
  const auto first = variable("SLURM_ARRAY_TASK_MIN", 0);
  const auto step = variable("SLURM_ARRAY_TASK_STEP", 1);
  const auto count = variable("SLURM_ARRAY_TASK_COUNT", 0);
  if (count == 0 || step == 0 || id < first || (id - first) % step != 0 ||
      (id - first) / step >= count) {
    throw InvalidArgument(kId, std::to_string(id),
                          "one of SLURM_ARRAY_TASK_COUNT tasks in equal steps from "
                          "SLURM_ARRAY_TASK_MIN; or give --shard");
  }
  return ChosenPart{.part = {.k = (id - first) / step, .n = count}, .from = kId};
}

std::optional<ChosenPart> launched_part(const Launcher& launcher) {
  if (std::getenv(launcher.number) == nullptr) return std::nullopt;
  if (std::getenv(launcher.count) == nullptr) {  // Kubernetes tells an index and no count
    throw InvalidArgument(launcher.count, "",
                          fmt::format("the number of processes, beside {}; or give --shard "
                                      "${}/N",
                                      launcher.number, launcher.number));
  }
  const SweepPart part{.k = variable(launcher.number, 0), .n = variable(launcher.count, 0)};
  if (part.k >= part.n) {
    throw InvalidArgument(launcher.number, std::to_string(part.k),
                          fmt::format("0 to {} - 1, which is {}", launcher.count, part.n));
  }
  return ChosenPart{.part = part, .from = launcher.number};
}

ChosenPart automatic_part() {
  auto chosen = array_part();
  for (const auto& launcher : kLaunchers) {
    if (!chosen) chosen = launched_part(launcher);
  }
  if (!chosen) {
    std::string names = "SLURM_ARRAY_TASK_ID";
    for (const auto& launcher : kLaunchers) names += fmt::format(", {}", launcher.number);
    throw InvalidArgument("shard", "auto", fmt::format("k/n, where none is set of {}", names));
  }
  chosen->asked = true;
  return *chosen;
}

}  // namespace

ChosenPart parse_part(const std::optional<std::string>& text) {
  if (!text) return array_part().value_or(ChosenPart{});
  if (*text == "auto") return automatic_part();
  const auto parts = text::split(*text, '/');
  const auto n =
      parts.size() == 2 ? text::number<std::uint64_t>(parts.back()).value_or(0) : std::uint64_t{0};
  const auto k = text::number<std::uint64_t>(parts.front()).value_or(n);
  if (n > kMaxParts || k >= n) {
    throw InvalidArgument("shard", *text,
                          fmt::format("k/n, part k of n, with k from 0 to n-1 and n up to {}, "
                                      "e.g. 0/4; or auto",
                                      kMaxParts));
  }
  return {.part = {.k = k, .n = n}, .from = "--shard", .asked = true};
}

PartShare share_of(const SweepPart& part, const SweepSpec& spec) {
  const auto shards = part.of(spec.shards());
  const auto before = [&](std::uint64_t shard) {
    return std::min(shard * spec.shard_machines(), spec.machines());
  };
  return {.shards = shards,
          .all_shards = spec.shards(),
          .machines = before(shards.first + shards.count) - before(shards.first),
          .all_machines = spec.machines()};
}

void require_work(const ChosenPart& chosen, const SweepSpec& spec,
                  const std::filesystem::path& out) {
  const auto& part = chosen.part;
  std::error_code ignored;
  const bool shared = std::filesystem::exists(RunFiles(out).manifest, ignored);
  if (chosen.asked || part.of(spec.shards()).count > 0 || shared) return;
  const char* value = std::getenv(chosen.from.c_str());
  throw InvalidArgument(
      chosen.from, value == nullptr ? "" : value,
      fmt::format("a task with a shard: part {} of {} has none of {}; --shard 0/1 trains all of "
                  "them in a directory of the task's own, --shard auto shares {}",
                  part.k, part.n, report::counted(spec.shards(), "shard"), out.string()));
}

std::string part_text(const ChosenPart& chosen, const PartShare& share) {
  const auto& [first, count] = share.shards;
  const auto shards = count == 0
                          ? fmt::format("none of {}", report::counted(share.all_shards, "shard"))
                          : fmt::format("shards {} to {} of {}", first, first + count - 1,
                                        report::grouped(share.all_shards));
  return fmt::format("part {} of {}{}: {}, {} of {}", chosen.part.k, chosen.part.n,
                     chosen.from.empty() ? "" : fmt::format(" ({})", chosen.from), shards,
                     report::grouped(share.machines),
                     report::counted(share.all_machines, "machine"));
}

Json part_json(const ChosenPart& chosen, const PartShare& share) {
  return {{"k", chosen.part.k},
          {"n", chosen.part.n},
          {"from", chosen.from.empty() ? Json(nullptr) : Json(chosen.from)},
          {"shards", {share.shards.first, share.shards.first + share.shards.count}},
          {"machines", share.machines}};
}

}  // namespace helmholtz::app
