#include "sweep/fields.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/error.hpp"
#include "sweep/field_access.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

using Kind = FieldAccess::Kind;
using Scope = Field::Scope;

FieldAccess world() {
  return access::one(
      Kind::text,
      [](std::string_view, std::string_view text, SweepSpec& spec) {
        spec.world = make_world(text);
      },
      [](const SweepSpec& spec) {
        constexpr std::string_view kFile = "file:";  // whatever the current directory
        const auto& name = spec.world.name();
        if (spec.data.files.any()) return std::string();
        if (!name.starts_with(kFile)) return name;
        const auto path = std::filesystem::absolute(name.substr(kFile.size()));
        return fmt::format("{}{}", kFile, path.string());
      });
}

FieldAccess data_file(std::filesystem::path DatasetFiles::*member) {
  return access::one(
      Kind::text,
      [=](std::string_view field, std::string_view text, SweepSpec& spec) {
        if (text.empty()) throw InvalidArgument(field, text, "the name of a file");
        spec.data.files.*member = text;
      },
      [=](const SweepSpec& spec) {  // whatever the current directory
        const auto& path = spec.data.files.*member;
        return path.empty() ? "" : std::filesystem::absolute(path).string();
      });
}

FieldAccess layers() {
  auto access = access::list(
      &SweepSpec::topologies, [](auto, auto text) { return Topology::parse(text); },
      [](SweepConfiguration&, const Topology&) {});
  access.choose = [](const SweepSpec&, std::size_t i, SweepConfiguration& own) {
    own.topology = i;
  };
  return access;
}

FieldAccess layer_rates() {
  return access::one(
      Kind::text,
      [](std::string_view field, std::string_view text, SweepSpec& spec) {
        require_no_decimal_comma(field, text, true);
        spec.rate_overrides.per_layer.clear();
        for (const auto part : text::split(text, ',')) {
          spec.rate_overrides.per_layer.push_back(parse_rate(field, part));
        }
      },
      [](const SweepSpec& spec) {
        Texts rates;
        std::ranges::transform(spec.rate_overrides.per_layer, std::back_inserter(rates),
                               text::shortest);
        return fmt::format("{}", fmt::join(rates, ","));
      });
}

FieldAccess devices() {
  constexpr std::uint64_t kMost = 1023;
  return access::one(
      Kind::text,
      [](std::string_view field, std::string_view text, SweepSpec& spec) {
        spec.devices.clear();
        for (const auto part : text::split(text, ',')) {
          spec.devices.push_back(static_cast<int>(parse_integer(field, part, 0, kMost)));
        }
      },
      [](const SweepSpec& spec) { return fmt::format("{}", fmt::join(spec.devices, ",")); });
}

/// What machines train on instead of a world. The rows count, not where they are.
std::vector<Field> data_fields() {
  return {
      {.name = "data",
       .type = "FILE",
       .group = "Data",
       .help =
           "rows to train on instead of a world: HDF5 with datasets train and perhaps valid and "
           "test, or text, IDX or NPY",
       .access = data_file(&DatasetFiles::data)},
      {.name = "train",
       .type = "FILE",
       .group = "Data",
       .help = "the rows to train on, where each split has a file of its own",
       .access = data_file(&DatasetFiles::train)},
      {.name = "valid",
       .type = "FILE",
       .group = "Data",
       .help = "the rows to choose by, beside --train",
       .access = data_file(&DatasetFiles::valid)},
      {.name = "test",
       .type = "FILE",
       .group = "Data",
       .help = "the rows to judge by, beside --train",
       .access = data_file(&DatasetFiles::test)},
      {.name = "binarize",
       .type = "HOW",
       .group = "Data",
       .help = "how grey values become 0 and 1: none (they are refused), a threshold, or sample "
               "(drawn again at each visit)",
       .scope = Scope::machine,
       .access = access::one(
           Kind::text,
           [](auto, auto text, SweepSpec& spec) { spec.data.binarize = Binarize::parse(text); },
           [](const SweepSpec& spec) {
             return spec.data.binarize == Binarize() ? "" : spec.data.binarize.to_string();
           }),
       .setting = "binarize",
       .omitted_at_default = true,
       .default_text = "none"},
      {.name = "order",
       .type = "ORDER",
       .group = "Data",
       .help = "of the rows: iid (drawn with replacement) or epochs (each once per epoch)",
       .scope = Scope::machine,
       .access = access::one(
           Kind::text, [](auto, auto text, SweepSpec& spec) { spec.order = parse_order(text); },
           [](const SweepSpec& spec) {
             return spec.order == Order::iid ? "" : to_string(spec.order);
           }),
       .setting = "order",
       .omitted_at_default = true,
       .default_text = "iid"},
  };
}

std::vector<Field> model_fields() {
  return {
      {.name = "world",
       .type = "WORLD",
       .group = "Model",
       .help = "what to learn; see helmholtz worlds, or file:PATH",
       .scope = Scope::machine,
       .access = world(),
       .setting = "world",
       .setting_text = [](const SweepSpec& spec) { return world_digest(spec.world); }},
      {.name = "layers",
       .type = "N,N,...",
       .group = "Model",
       .help = "units of each layer, top first, the last visible",
       .scope = Scope::machine,
       .access = layers(),
       .setting = "layers",
       .of_kind = true,
       .leads = true},
      {.name = "lr",
       .type = "RATE",
       .group = "Learning",
       .help = "learning rate",
       .scope = Scope::rate,
       .access = access::numbers(&SweepSpec::rates, parse_rate,
                                 [](SweepConfiguration& own, double rate) { own.rate = rate; }),
       .setting = "lr",
       .arithmetic = rate_arithmetic,
       .title = "learning rate",
       .leads = true},
      {.name = "lr-generative",
       .type = "RATE",
       .group = "Learning",
       .help = "of the generative network alone",
       .scope = Scope::rate,
       .access = access::rate(&LearningRateOptions::generative),
       .setting = "rates",  // of the three that override lr
       .setting_text = rate_overrides_text},
      {.name = "lr-recognition",
       .type = "RATE",
       .group = "Learning",
       .help = "of the recognition network alone",
       .scope = Scope::rate,
       .access = access::rate(&LearningRateOptions::recognition)},
      {.name = "lr-recognition-wake",
       .type = "RATE",
       .group = "Learning",
       .help = "of the recognition network in the wake phase (reweighted wake-sleep)",
       .scope = Scope::rate,
       .access = access::rate(&LearningRateOptions::recognition_wake),
       .setting = "lr-recognition-wake",
       .setting_text =
           [](const SweepSpec& spec) {
             return text::shortest(spec.rate_overrides.recognition_wake.value_or(0));
           },
       .omitted_at_default = true,
       .default_text = "0"},
      {.name = "lr-layer",
       .type = "A,B,...",
       .group = "Learning",
       .help = "one rate per layer, top first, for both networks",
       .scope = Scope::rate,
       .access = layer_rates()},
      {.name = "batch",
       .type = "B",
       .group = "Learning",
       .help = "patterns per step",
       .scope = Scope::machine,
       .access = access::numbers(
           &SweepSpec::batches,
           [](auto field, auto text) {
             return static_cast<int>(parse_integer(field, text, 1, Ensemble::kMaxBatch));
           },
           [](SweepConfiguration& own, int batch) { own.batch = batch; }),
       .setting = "batch",
       .of_kind = true,
       .leads = true},
      {.name = "particles",
       .type = "K",
       .group = "Learning",
       .help = "recognitions per pattern, weighted by importance (reweighted wake-sleep); 1: "
               "wake-sleep",
       .scope = Scope::machine,
       .access = access::numbers(
           &SweepSpec::particles,
           [](auto field, auto text) {
             return static_cast<int>(parse_integer(field, text, 1, Ensemble::kMaxParticles));
           },
           [](SweepConfiguration& own, int particles) { own.particles = particles; }),
       .setting = "particles",
       .omitted_at_default = true,
       .of_kind = true},
      {.name = "schedule",
       .type = "S",
       .group = "Learning",
       .help = "constant, inverse:DECAY: rate / (1 + DECAY * step), "
               "exponential:GAMMA[:EVERY]: rate * GAMMA^(step/EVERY)",
       .scope = Scope::machine,
       .access = access::list(
           &SweepSpec::schedules, [](auto, auto text) { return Schedule::parse(text); },
           [](SweepConfiguration& own, const Schedule& value) { own.setting.schedule = value; }),
       .setting = "schedule",
       .arithmetic = schedule_arithmetic},
      {.name = "optimizer",
       .type = "NAME",
       .group = "Learning",
       .help = "with g a step's gradient: sgd: W += rate * g; momentum:BETA: v = BETA v + (1 - "
               "BETA) g, W += rate * v; adam[:BETA,BETA2,EPSILON] (Kingma & Ba 2015). Fused "
               "backends have sgd alone",
       .scope = Scope::machine,
       .access = access::list(
           &SweepSpec::optimizers, [](auto, auto text) { return Optimizer::parse(text); },
           [](SweepConfiguration& own, const Optimizer& value) { own.setting.optimizer = value; }),
       .setting = "optimizer",
       .omitted_at_default = true,
       .arithmetic = optimizer_arithmetic,
       .of_kind = true},
      {.name = "init",
       .type = "INIT",
       .group = "Model",
       .help = "zero, normal:SCALE, visible-bias:marginal, visible-bias:VALUE, joined by +",
       .scope = Scope::machine,
       .access = access::list(
           &SweepSpec::initialisations, [](auto, auto text) { return Initialisation::parse(text); },
           [](SweepConfiguration& own, const Initialisation& value) {
             own.setting.initialisation = value;
           }),
       .setting = "init",
       .arithmetic = initialisation_arithmetic},
  };
}

std::vector<Field> run_fields() {
  return {
      {.name = "seeds",
       .type = "A:B",
       .group = "Run",
       .help = "half-open ranges and seeds, e.g. 0:4096 or 1,2,10:20",
       .scope = Scope::sweep,
       .access = access::one(
           Kind::text, [](auto, auto text, SweepSpec& spec) { spec.seeds = SeedSet::parse(text); },
           [](const SweepSpec& spec) { return spec.seeds.to_string(); }),
       .of_sweeps_alone = true},
      {.name = "mean",
       .group = "Learning",
       .help = "average over the batch; without it, the sum",
       .scope = Scope::machine,
       .access = access::flag(&SweepSpec::reduction, BatchReduction::mean, BatchReduction::sum),
       .setting = "mean"},
      {.name = "nonnegative",
       .group = "Model",
       .help = "keep generative weights into the visible layer >= 0",
       .scope = Scope::machine,
       .access = access::flag(&SweepSpec::nonnegative, true, false),
       .setting = "nonnegative"},
      {.name = "steps",
       .type = "N",
       .group = "Run",
       .help = "training steps; 0 evaluates only",
       .scope = Scope::sweep,
       .access = access::whole(&SweepSpec::steps, 0, Trainer::kMaxSteps),
       .setting = "steps"},
      {.name = "eval-every",
       .type = "N",
       .group = "Run",
       .help = "steps between evaluations",
       .scope = Scope::sweep,
       .access = access::whole(&SweepSpec::eval_every, 1, Trainer::kMaxSteps),
       .setting = "eval-every",
       .default_text = "steps / 10"},
      {.name = "samples",
       .type = "N",
       .group = "Run",
       .help = "generated samples for the sampled KL; 0: exact KL only",
       .scope = Scope::sweep,
       .access = access::whole(&SweepSpec::samples, 0, EvaluationOptions::kMaxSamples),
       .setting = "samples"},
      {.name = "log-likelihood",
       .type = "K",
       .group = "Run",
       .help = "particles per row for the log-likelihood by importance sampling; 0: none",
       .scope = Scope::sweep,
       .access = access::whole(&SweepSpec::log_likelihood, 0, EvaluationOptions::kMaxParticles),
       .setting = "log-likelihood",
       .omitted_at_default = true},
      {.name = "split",
       .type = "NAME",
       .group = "Data",
       .help = "what --log-likelihood is of: train, valid or test (default: valid, or train where "
               "there is none; test only where it is named)",
       .scope = Scope::sweep,
       .access = access::one(
           Kind::text, [](auto, auto text, SweepSpec& spec) { spec.split = text; },
           [](const SweepSpec& spec) { return spec.split; }),
       .setting = "split",
       .omitted_at_default = true},
      {.name = "rows",
       .type = "N",
       .group = "Data",
       .help = "the first N rows of --split alone",
       .scope = Scope::sweep,
       .access = access::one(
           Kind::number,
           [](auto field, auto text, SweepSpec& spec) {
             spec.rows = parse_integer(field, text, 1, World::kMaxDataWords);
           },
           [](const SweepSpec& spec) { return spec.rows > 0 ? std::to_string(spec.rows) : ""; }),
       .setting = "rows",
       .omitted_at_default = true,
       .default_text = "all"},
      {.name = "save-parameters",
       .type = "WHICH",
       .group = "Output",
       .help = "trained parameters to keep: none, all, or best:K of each configuration and shard",
       .scope = Scope::sweep,
       .access = access::one(
           Kind::text,
           [](auto, auto text, SweepSpec& spec) {
             spec.save_parameters = SaveParameters::parse(text);
           },
           [](const SweepSpec& spec) { return spec.save_parameters.to_string(); }),
       .setting = "save-parameters",
       .of_sweeps_alone = true},
      {.name = "backend",
       .type = "NAME",
       .group = "Run",
       .help = "see helmholtz backends; auto chooses",
       .access = access::one(
           Kind::text, [](auto, auto text, SweepSpec& spec) { spec.backend = text; },
           [](const SweepSpec& spec) { return spec.backend; }),
       .setting = "backend",  // one of the exact class is like another
       .setting_text = backend_arithmetic},
      {.name = "math",
       .type = "NAME",
       .group = "Run",
       .help = "of cuda-layered: fp32, tf32 (weights rounded to 11 bits), bf16x3 (as exact as "
               "fp32)",
       .access = access::one(
           Kind::text,
           [](auto, auto text, SweepSpec& spec) { spec.math = parse_matrix_math(text); },
           [](const SweepSpec& spec) { return to_string(spec.math); })},
      {.name = "threads",
       .type = "N",
       .group = "Run",
       .help = "CPU threads; 0: as many as this process may use",
       .access = access::whole(&SweepSpec::threads, 0, TrainerOptions::kMaxThreads)},
      {.name = "device",
       .type = "N,N,...",
       .group = "Run",
       .help = "GPUs to split the machines over (default: the first)",
       .access = devices()},
  };
}

}  // namespace

const std::vector<Field>& fields() {
  static const auto all = [] {
    auto rows = model_fields();
    std::ranges::move(data_fields(), std::back_inserter(rows));
    std::ranges::move(run_fields(), std::back_inserter(rows));
    return rows;
  }();
  return all;
}

}  // namespace helmholtz
