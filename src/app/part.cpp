#include "app/part.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "model/parse.hpp"
#include "report/numbers.hpp"
#include "run/run_folder.hpp"
#include "run/shard_files.hpp"

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
  const char* sign;  ///< without this variable, the others number something else
};

/// Ranks of one job. The innermost first: what mpirun starts in a Slurm job inherits Slurm's
/// variables, of which sbatch sets some for its script, which is no rank.
constexpr std::array kRanks = {
    Launcher{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    Launcher{"PMI_RANK", "PMI_SIZE", "PMI_RANK"},
    Launcher{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID"}};
constexpr Launcher kKubernetes = {"JOB_COMPLETION_INDEX", "JOB_COMPLETIONS",
                                  "JOB_COMPLETION_INDEX"};

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
  if (std::getenv(launcher.number) == nullptr || std::getenv(launcher.sign) == nullptr) {
    return std::nullopt;
  }
  if (std::getenv(launcher.count) == nullptr) {  // Kubernetes sets an index and no count
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

/// The ranks of each task of an array divide its part among them.
ChosenPart automatic_part() {
  auto task = array_part();
  if (!task) task = launched_part(kKubernetes);
  std::optional<ChosenPart> rank;
  for (const auto& launcher : kRanks) {
    if (!rank) rank = launched_part(launcher);
  }
  if (!task && !rank) {
    std::string names = fmt::format("SLURM_ARRAY_TASK_ID, {}", kKubernetes.number);
    for (const auto& launcher : kRanks) names += fmt::format(", {}", launcher.number);
    throw InvalidArgument("shard", "auto",
                          fmt::format("k/n, where none is set of {} (in a job step)", names));
  }
  const auto [t, task_from, t_asked] = task.value_or(ChosenPart{});
  const auto [r, rank_from, r_asked] = rank.value_or(ChosenPart{});
  return {.part = {.k = t.k * r.n + r.k, .n = t.n * r.n},
          .from = task_from + (task && rank ? ", " : "") + rank_from,
          .asked = true};
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

PartShare share_of(const SweepPart& part, const SweepSpec& spec, std::uint64_t each) {
  const auto all_shards = spec.shards(each);
  const auto shards = part.of(all_shards);
  const auto before = [&](std::uint64_t shard) { return std::min(shard * each, spec.machines()); };
  return {.shards = shards,
          .all_shards = all_shards,
          .machines = before(shards.first + shards.count) - before(shards.first),
          .all_machines = spec.machines()};
}

void require_work(const ChosenPart& chosen, const PartShare& share) {
  if (chosen.asked || share.shards.count > 0) return;
  const char* value = std::getenv(chosen.from.c_str());
  throw InvalidArgument(
      chosen.from, value == nullptr ? "" : value,
      fmt::format("a task with a shard: part {} of {} has none of {}; --shard 0/1 trains all of "
                  "them in a directory of the task's own, --shard auto lets a task have none",
                  chosen.part.k, chosen.part.n, report::counted(share.all_shards, "shard")));
}

std::string part_text(const ChosenPart& chosen, const PartShare& share) {
  const auto& [first, count] = share.shards;
  const auto shards = count == 0
                          ? fmt::format("none of {}", report::counted(share.all_shards, "shard"))
                          : fmt::format("shards [{}, {}) of {}", first, first + count,
                                        report::grouped(share.all_shards));
  return fmt::format("part {} of {}{}: {}, {} of {}", chosen.part.k, chosen.part.n,
                     chosen.from.empty() ? "" : fmt::format(" ({})", chosen.from), shards,
                     report::grouped(share.machines),
                     report::counted(share.all_machines, "machine"));
}

Json part_json(const ChosenPart& chosen, const PartShare& share) {
  return {{"k", chosen.part.k},
          {"n", chosen.part.n},
          {"from", chosen.from.empty() ? Json() : Json(chosen.from)},
          {"shards", {share.shards.first, share.shards.first + share.shards.count}},
          {"machines", share.machines}};
}

}  // namespace helmholtz::app
