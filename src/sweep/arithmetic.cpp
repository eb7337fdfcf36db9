#include "sweep/arithmetic.hpp"

#include <cstring>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

std::string bytes_of(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
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
  for (const double rate : own.per_layer) require_rate("lr-layer", rate);
  for (const auto& init : spec.initialisations) {
    require("init", init.scale * kAboveAnyDraw, init.to_string(), "zero");
    require("init", init.visible_bias_value, init.to_string(), "zero");
  }
}

/// The float32 rates of each layer: those that override lr leave nothing of it.
std::string rate_arithmetic(const SweepSpec& spec, std::size_t i) {
  auto options = spec.rate_overrides;
  options.rate = spec.rates[i];
  const auto rates = options.resolve(spec.topologies.front());
  std::vector<float> all(rates.generative.begin(), rates.generative.end());
  all.insert(all.end(), rates.recognition.begin(), rates.recognition.end());
  return bytes_of(all);
}

/// Factors are rounded to float32: one that is 1 at the last possible step is constant.
std::string schedule_arithmetic(const SweepSpec& spec, std::size_t i) {
  const auto& schedule = spec.schedules[i];
  const bool never_changes = static_cast<float>(schedule.factor(Trainer::kMaxSteps - 1)) == 1.0F;
  return never_changes ? Schedule().to_string() : schedule.to_string();
}

/// Draws are scaled in double, so scales are equal as they are written; without draws, by the
/// parameters of a small machine with the visible layer of all.
std::string initialisation_arithmetic(const SweepSpec& spec, std::size_t i) {
  const auto& initialisation = spec.initialisations[i];
  if (initialisation.scale != 0) return initialisation.to_string();
  const Ensemble one{.topology = Topology({1, spec.world.visible_units()}),
                     .world = spec.world,
                     .nonnegative = spec.nonnegative,
                     .settings = {{.rates = {}, .schedule = {}, .initialisation = initialisation}},
                     .machines = {{.seed = 0, .setting = 0}}};
  std::vector<float> parameters(one.topology.parameters());
  initial_parameters(one, 0, parameters);
  return bytes_of(parameters);
}

}  // namespace helmholtz
