#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/error.hpp"
#include "sweep/field_access.hpp"
#include "sweep/field_groups.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {

namespace {

using Kind = FieldAccess::Kind;
using Scope = Field::Scope;

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

}  // namespace

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
       .setting = "mean",
       .saved_as = "batch_mean"},
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
           Kind::text,
           [](auto field, auto text, SweepSpec& spec) {
             if (text.empty()) throw InvalidArgument(field, text, "train, valid or test");
             spec.split = text;
           },
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

}  // namespace helmholtz
