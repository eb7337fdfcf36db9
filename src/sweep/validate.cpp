#include "sweep/validate.hpp"

#include <limits>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/metrics.hpp"
#include "helmholtz/trainer.hpp"
#include "sweep/fields.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {

namespace {

void require_range(std::string_view field, std::uint64_t value, std::uint64_t low,
                   std::uint64_t high) {
  if (value < low || value > high) {
    throw InvalidArgument(field, std::to_string(value), fmt::format("{} to {}", low, high));
  }
}

void require_not_empty(const SweepSpec& spec) {
  const auto require = [](std::string_view field, std::uint64_t size) {
    if (size == 0) throw InvalidArgument(field, "an empty list", "at least one");
  };
  for (const auto* const field : swept_fields()) require(field->name, field->access.size(spec));
  require("seeds", spec.seeds.size());
}

void require_counts(const SweepSpec& spec) {
  require_range("steps", spec.steps, 0, Trainer::kMaxSteps);
  require_range("eval-every", spec.eval_every, 1, std::numeric_limits<std::uint64_t>::max());
  require_range("samples", spec.samples, 0, EvaluationOptions::kMaxSamples);
  require_range("log-likelihood", spec.log_likelihood, 0, EvaluationOptions::kMaxParticles);
  limits::require_threads(spec.threads, TrainerOptions::kMaxThreads);
  if (spec.evaluations() > SweepSpec::kMaxEvaluations) {
    throw InvalidArgument(
        "eval-every", std::to_string(spec.eval_every),
        fmt::format("at most {} evaluations in {} steps", SweepSpec::kMaxEvaluations, spec.steps));
  }
  double configurations = 1;
  for (const auto* const field : swept_fields()) {
    configurations *= static_cast<double>(field->access.size(spec));
  }
  if (configurations > static_cast<double>(SweepSpec::kMaxConfigurations)) {
    throw InvalidArgument("lr", fmt::format("{} configurations", configurations),
                          fmt::format("at most {}", SweepSpec::kMaxConfigurations));
  }
  if (configurations * static_cast<double>(spec.seeds.size()) >
      static_cast<double>(SweepSpec::kMaxMachines)) {
    throw InvalidArgument("seeds", spec.seeds.to_string(),
                          fmt::format("at most {} machines", SweepSpec::kMaxMachines));
  }
}

void require_no_choice_by_test(const SweepSpec& spec) {
  const bool keeps_best = spec.save_parameters.kind == SaveParameters::Kind::best;
  if (spec.split != "test" || (!keeps_best && spec.configurations() == 1)) return;
  throw InvalidArgument(
      "split", spec.split,
      fmt::format("train or valid with {}: never choose by test",
                  keeps_best ? "--save-parameters best" : "several configurations"));
}

void require_trainable(const SweepSpec& spec) {
  for (const auto& topology : spec.topologies) {
    if (ranking_metric(spec.evaluation_options(), topology, spec.world) != nullptr) continue;
    if (spec.world.is_data()) {
      throw InvalidArgument("log-likelihood", "0",
                            "1 or more: no KL enumerates the rows of a data set");
    }
    throw InvalidArgument("samples", "0",
                          fmt::format("1 or more: the hidden states of layers {} are too many "
                                      "for the exact KL",
                                      topology.to_string()));
  }
  for (auto kind : spec.kinds()) {
    for (const double rate : spec.rates) {
      kind.rate = rate;
      static_cast<void>(spec.learning_rates(kind));
    }
    trial_ensemble(spec, kind, 1).validate();
  }
}

/// No value of a list twice, as far as the arithmetic goes.
void require_distinct(const SweepSpec& spec, const Field& field) {
  if (field.access.size(spec) < 2) return;
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < field.access.size(spec); ++i) {
    const auto key = field.arithmetic ? field.arithmetic(spec, i) : field.access.text(spec, i);
    const auto [first, is_new] = known.try_emplace(key, i);
    if (is_new) continue;
    throw InvalidArgument(field.name, field.access.text(spec, i),
                          fmt::format("each value once; {} gives the same machines",
                                      field.access.text(spec, first->second)));
  }
}

void require_memory(const SweepSpec& spec, std::uint64_t each) {
  constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
  const auto available = limits::available_memory();
  const auto room = fmt::format("{:.1f} GiB of free memory", available / kGiB);
  const auto need = sweep_memory(spec, each);
  if (need.shard > available) {
    throw InvalidArgument("layers", fmt::format("{:.1f} GiB of parameters", need.shard / kGiB),
                          "what fits in " + room);
  }
  if (need.total() > available) {
    throw InvalidArgument(
        "seeds", spec.seeds.to_string(),
        fmt::format("what fits in {}: {} machines need {:.1f} GiB for the quantiles of {} "
                    "evaluations",
                    room, spec.machines(), need.summary / kGiB, spec.evaluations()));
  }
}

}  // namespace

void require_no_underflow(const SweepSpec& spec) {
  constexpr double kAboveAnyDraw = 10;  // of a standard normal from 32 bits
  const auto require = [](std::string_view field, double value, const std::string& text,
                          std::string_view zero) {
    if (value == 0 || static_cast<float>(value) != 0) return;
    throw InvalidArgument(field, text,
                          fmt::format("{}, or 1e-45 and more: in float32 this is 0", zero));
  };
  const auto require_rate = [&](std::string_view field, double rate) {
    require(field, rate, text::shortest(rate), "0");
  };
  const auto& own = spec.rate_overrides;
  for (const double rate : spec.rates) require_rate("lr", rate);
  require_rate("lr-generative", own.generative.value_or(0));
  require_rate("lr-recognition", own.recognition.value_or(0));
  require_rate("lr-recognition-wake", own.recognition_wake.value_or(0));
  for (const double rate : own.per_layer) require_rate("lr-layer", rate);
  for (const auto& init : spec.initialisations) {
    require("init", init.scale * kAboveAnyDraw, init.to_string(), "zero");
    require("init", init.visible_bias_value, init.to_string(), "zero");
  }
}

void validate(const SweepSpec& spec, std::uint64_t each) {
  require_not_empty(spec);
  require_counts(spec);
  require_no_choice_by_test(spec);
  require_trainable(spec);
  if (each == 0) {
    require_no_underflow(spec);
    for (const auto* const field : swept_fields()) require_distinct(spec, *field);
  }
  require_memory(spec, each > 0 ? each : spec.shard_machines());
  for (const auto& kind : spec.kinds()) {
    make_trainer(trial_ensemble(spec, kind, 1), spec.trainer_options(kind));
  }
}

void SweepSpec::validate() const { helmholtz::validate(*this, 0); }

}  // namespace helmholtz
