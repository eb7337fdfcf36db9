#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/error.hpp"
#include "model/worlds/pattern_file.hpp"
#include "sweep/field_access.hpp"
#include "sweep/field_groups.hpp"
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
        if (spec.data.files.any()) return std::string();
        const auto patterns = pattern_path(spec.world);
        if (!patterns) return spec.world.name();
        return fmt::format("{}{}", kFilePrefix, std::filesystem::absolute(*patterns).string());
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

}  // namespace

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

}  // namespace helmholtz
