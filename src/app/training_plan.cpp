#include "app/training_plan.hpp"

#include <limits>
#include <span>

#include <fmt/ranges.h>

#include "base/atomic_file.hpp"
#include "base/limits.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/machine_file.hpp"
#include "helmholtz/metrics.hpp"
#include "model/worlds/pattern_file.hpp"
#include "sweep/fields.hpp"
#include "sweep/memory.hpp"
#include "sweep/validate.hpp"

namespace helmholtz::app {

namespace {

std::uint64_t parse_seed(const TrainFlags& flags) {
  return parse_integer("seed", flags.seed, 0, std::numeric_limits<std::uint64_t>::max());
}

RandomScheme parse_rng(const TrainFlags& flags) {
  if (flags.rng == "philox") return RandomScheme::philox;
  if (flags.rng != "numpy") throw InvalidArgument("rng", flags.rng, "philox, numpy");
  // A place in NumPy's stream is no part of a machine file.
  if (flags.from) throw InvalidArgument("from", *flags.from, "nothing with --rng numpy");
  for (const auto& [field, file] :
       {std::pair{"save", flags.save}, {"save-best", flags.save_best}}) {
    if (file) throw InvalidArgument(field, *file, "nothing with --rng numpy");
  }
  return RandomScheme::numpy;
}

SavedMachine new_machine(const TrainFlags& flags, const SweepSpec& spec) {
  require_no_underflow(spec);
  const auto seed = parse_seed(flags);
  return {.ensemble = spec.ensemble(spec.configuration(0), std::span(&seed, 1)),
          .step = 0,
          .parameters = {},
          .optimizer_state = {},
          .data = spec.data};
}

std::string rates_text(const LearningRates& rates) {
  auto text = fmt::format("generative {}, recognition {}", fmt::join(rates.generative, ","),
                          fmt::join(rates.recognition, ","));
  if (rates.learn_awake())
    text += fmt::format(", awake {}", fmt::join(rates.recognition_wake, ","));
  return text;
}

[[noreturn]] void refuse_other_value(std::string_view flag, std::string_view given,
                                     std::string_view saved) {
  throw InvalidArgument(flag, given, fmt::format("{}, as the machine of --from began", saved));
}

void require_same_rates(SweepSpec spec, const Ensemble& saved) {
  spec.topologies = {saved.topology};
  const auto wanted = spec.learning_rates(spec.configuration(0));
  const auto& had = saved.hyperparameters(0).rates;
  if (wanted != had) refuse_other_value("lr", rates_text(wanted), rates_text(had));
}

/// A field's text, e.g. of a spec that was read.
std::string text_of(const Field& field, const SweepSpec& spec) {
  const auto texts = field.texts(spec);
  return texts.empty() ? std::string(field.default_text) : texts.front();
}

/// A saved machine is resumed as it began: flags may repeat what it was trained with, not change
/// it.
/// @throws InvalidArgument naming the first flag that says otherwise
void require_same_machine(const SpecFlags& flags, const SweepSpec& spec,
                          const SavedMachine& saved) {
  const auto had = spec_of_machine(saved);
  for (const auto& field : fields()) {
    if (field.of_sweeps_alone || !flags.given(field.name)) continue;
    if (field.scope == Field::Scope::rate) require_same_rates(spec, saved.ensemble);
    if (field.scope != Field::Scope::machine) continue;
    if (field.setting_of(spec) != field.setting_of(had)) {
      refuse_other_value(field.name, text_of(field, spec), text_of(field, had));
    }
  }
}

/// Files that flags name take the place of the machine's; one file that of a file per split, and
/// back.
DatasetFiles moved(DatasetFiles files, const DatasetFiles& given) {
  if (!given.any()) return files;
  if (given.data.empty() != files.data.empty()) return given;
  for (const auto& [name, member] : kDatasetFiles) {
    if (!(given.*member).empty()) files.*member = given.*member;
  }
  return files;
}

/// The rows that the machine was trained on, from where it or a flag says that they are.
void load_rows(SweepSpec& spec, SavedMachine& saved) {
  auto& world = saved.ensemble.world;
  const auto given = spec.data.files;
  if (!world.is_data() && given.any()) {
    throw InvalidArgument("from", world.name(), "a machine that was trained on data, with --data");
  }
  spec.world = world;
  spec.data = saved.data;
  spec.data.files = moved(saved.data.files, given);
  spec.load_data();
  world = spec.world;
  saved.data = spec.data;
}

SavedMachine saved_machine(const TrainFlags& flags, SweepSpec& spec) {
  auto saved = load_machine(*flags.from);
  require_same_machine(flags.spec, spec, saved);
  const auto seed = saved.ensemble.machines.front().seed;
  if (flags.spec.given("seed") && parse_seed(flags) != seed) {
    refuse_other_value("seed", flags.seed, std::to_string(seed));
  }
  load_rows(spec, saved);
  if (spec.steps > Trainer::kMaxSteps - saved.step) {
    throw InvalidArgument("steps", std::to_string(spec.steps),
                          fmt::format("at most 10^12 in all; --from has {}", saved.step));
  }
  return saved;
}

/// @throws InvalidArgument (field "layers") if a trainer of the ensemble would not fit
void require_memory(const SweepSpec& spec, std::string_view backend, const Ensemble& ensemble) {
  const auto needed = training_memory(spec, backend, ensemble);
  const auto available = limits::available_memory();
  if (needed <= available) return;
  throw InvalidArgument("layers", ensemble.topology.to_string(),
                        fmt::format("what the memory holds: {:.0f} bytes needed, {:.0f} available",
                                    needed, available));
}

/// The first field in which two machines differ; empty if they are one machine, at two steps.
std::string_view differing_field(const SavedMachine& a, const SavedMachine& b) {
  if (a.ensemble.machines.front().seed != b.ensemble.machines.front().seed) return "seed";
  if (a.ensemble.hyperparameters(0).rates != b.ensemble.hyperparameters(0).rates) return "lr";
  const auto of_a = spec_of_machine(a);
  const auto of_b = spec_of_machine(b);
  for (const auto& field : fields()) {
    const bool is_part = field.scope == Field::Scope::machine;
    if (is_part && field.setting_of(of_a) != field.setting_of(of_b)) return field.name;
  }
  return {};
}

/// @throws InvalidArgument if the file of --save-best holds another machine than that of --from
std::optional<SavedMachine> best_before(const TrainFlags& flags, const SavedMachine& start) {
  if (!flags.from || !flags.save_best || !std::filesystem::exists(*flags.save_best)) return {};
  auto best = load_machine(*flags.save_best);
  const auto other = differing_field(best, start);
  if (other.empty()) return best;
  throw InvalidArgument(
      "save-best", *flags.save_best,
      fmt::format("a new file or one of the machine of --from: this one's has another {}", other));
}

/// @throws InvalidArgument where there is nothing to choose a machine by (--save-best, --patience)
void require_choice(const TrainFlags& flags, const SweepSpec& spec, const Ensemble& ensemble) {
  for (const auto& [field, value] :
       {std::pair{"save-best", flags.save_best}, {"patience", flags.patience}}) {
    if (!value) continue;
    if (spec.steps == 0) throw InvalidArgument(field, *value, "nothing with --steps 0");
    if (spec.split == "test") {
      throw InvalidArgument("split", spec.split,
                            fmt::format("train or valid with --{}: never choose by test", field));
    }
    const auto options = spec.evaluation_options();
    if (ranking_metric(options, ensemble.topology, ensemble.world) == nullptr) {
      throw InvalidArgument(field, *value,
                            "nothing without evaluations to choose by, e.g. --log-likelihood 100");
    }
  }
  if (!flags.save_best) return;
  const auto whole = [](const std::string& name) {
    return std::filesystem::absolute(name).lexically_normal();
  };
  if (flags.save && whole(*flags.save) == whole(*flags.save_best)) {
    throw InvalidArgument("save-best", *flags.save_best, "another file than that of --save");
  }
  io::require_creatable(*flags.save_best);
}

/// Files that the machine learns from.
std::vector<std::filesystem::path> inputs_of(const SavedMachine& machine) {
  auto inputs = paths_of(machine.data.files);
  if (const auto patterns = pattern_path(machine.ensemble.world)) inputs.push_back(*patterns);
  return inputs;
}

}  // namespace

TrainFlags::TrainFlags(CLI::App& command) : spec(command, SpecFlags::Arity::one) {
  const auto add = [&](const char* flag, auto& text, const char* type, const char* help) {
    add_text(command, flag, text, {help, type, "Run"});
  };
  add("--seed", seed, "N", "the machine's random numbers, 0 to 2^64-1");
  add("--rng", rng, "NAME", "philox, or numpy: the stream of NumPy's RandomState");
  add("--save", save, "FILE", "write the trained machine here (HDF5)");
  add("--save-best", save_best, "FILE",
      "write the machine with the best evaluation here, at each improvement; with --from, only a "
      "better one replaces what the file holds");
  add("--patience", patience, "N", "end after N evaluations without an improvement");
  add("--from", from, "FILE", "resume a saved machine, for --steps more");
}

TrainingPlan make_plan(const TrainFlags& flags) {
  auto spec = flags.spec.parse();
  require_file_name("save", flags.save);
  require_file_name("save-best", flags.save_best);
  require_file_name("from", flags.from);
  const auto rng = parse_rng(flags);
  if (!flags.from) spec.load_data();
  TrainingPlan plan{.start = flags.from ? saved_machine(flags, spec) : new_machine(flags, spec),
                    .best = {},
                    .spec = spec,
                    .trainer = spec.trainer_options(),
                    .save = flags.save.value_or(""),
                    .save_best = flags.save_best.value_or(""),
                    .patience = flags.patience ? parse_integer("patience", *flags.patience, 1,
                                                               SweepSpec::kMaxEvaluations)
                                               : 0,
                    .output = flags.spec.output()};
  plan.trainer.random = rng;
  plan.start.ensemble.validate();
  require_memory(spec, plan.trainer.backend, plan.start.ensemble);
  const auto inputs = inputs_of(plan.start);
  require_no_input("save", plan.save, inputs);
  require_no_input("save-best", plan.save_best, inputs);
  if (!plan.save.empty()) io::require_creatable(plan.save);
  require_choice(flags, spec, plan.start.ensemble);
  plan.best = best_before(flags, plan.start);
  return plan;
}

}  // namespace helmholtz::app
