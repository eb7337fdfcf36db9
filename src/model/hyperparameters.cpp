#include "helmholtz/hyperparameters.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {

namespace {

constexpr std::string_view kAllowedRate = "a finite rate, 0 or more, that a float can hold";
constexpr std::string_view kAllowedSchedule =
    "constant, inverse:DECAY (DECAY >= 0), exponential:GAMMA[:EVERY] (0 < GAMMA <= 1, EVERY >= 1)";
constexpr std::string_view kAllowedInit =
    "zero or normal:SCALE (0 to 1000), and visible-bias:marginal or visible-bias:VALUE (-1000 to "
    "1000), joined by +";
constexpr double kLargestInit = 1000;

void require_rate(std::string_view field, double rate) {
  if (!is_learning_rate(rate)) throw InvalidArgument(field, text::shortest(rate), kAllowedRate);
}

}  // namespace

bool is_learning_rate(double value) noexcept {
  return value >= 0 && value <= std::numeric_limits<float>::max();
}

bool LearningRates::learn_awake() const noexcept {
  return std::any_of(recognition_wake.begin(), recognition_wake.end(),
                     [](double rate) { return rate != 0; });
}

LearningRates LearningRateOptions::resolve(const Topology& topology) const {
  require_rate("lr", rate);
  if (generative) require_rate("lr-generative", *generative);
  if (recognition) require_rate("lr-recognition", *recognition);
  if (recognition_wake) require_rate("lr-recognition-wake", *recognition_wake);
  for (const double r : per_layer) require_rate("lr-layer", r);
  const auto layers = topology.layer_sizes().size();
  if (!per_layer.empty() && per_layer.size() != layers) {
    throw InvalidArgument("lr-layer", fmt::format("{}", fmt::join(per_layer, ",")),
                          fmt::format("{} rates for layers {}", layers, topology.to_string()));
  }
  LearningRates rates{.generative = std::vector(layers, generative.value_or(rate)),
                      .recognition = std::vector(layers - 1, recognition.value_or(rate)),
                      .recognition_wake = std::vector(layers - 1, recognition_wake.value_or(0))};
  if (!per_layer.empty()) {
    rates.generative = per_layer;
    rates.recognition.assign(per_layer.begin(), per_layer.end() - 1);
  }
  return rates;
}

Schedule Schedule::parse(std::string_view text) {
  const auto parts = text::split(text, ':');
  Schedule schedule;
  bool valid = false;
  if (parts[0] == "constant") {
    valid = parts.size() == 1;
  } else if (parts[0] == "inverse" && parts.size() == 2) {
    schedule.kind = Kind::inverse;
    schedule.decay = text::number<double>(parts[1]).value_or(-1);
    valid = schedule.decay >= 0 && std::isfinite(schedule.decay);
  } else if (parts[0] == "exponential" && (parts.size() == 2 || parts.size() == 3)) {
    schedule.kind = Kind::exponential;
    schedule.gamma = text::number<double>(parts[1]).value_or(-1);
    if (parts.size() == 3) schedule.every = text::number<std::uint64_t>(parts[2]).value_or(0);
    valid = schedule.gamma > 0 && schedule.gamma <= 1 && schedule.every >= 1;
  }
  if (!valid) throw InvalidArgument("schedule", text, kAllowedSchedule);
  return schedule;
}

std::string Schedule::to_string() const {
  switch (kind) {
    case Kind::inverse:
      return fmt::format("inverse:{}", text::shortest(decay));
    case Kind::exponential:
      return fmt::format("exponential:{}:{}", text::shortest(gamma), every);
    case Kind::constant:
      break;
  }
  return "constant";
}

double Schedule::factor(std::uint64_t step) const {
  switch (kind) {
    case Kind::inverse:
      return 1.0 / (1.0 + decay * static_cast<double>(step));
    case Kind::exponential:
      return portable::power(gamma, step / every);
    case Kind::constant:
      break;
  }
  return 1.0;
}

Initialisation Initialisation::parse(std::string_view text) {
  Initialisation init;
  bool has_scale = false;
  bool has_bias = false;
  const auto once = [&](bool& given) {
    if (std::exchange(given, true)) throw InvalidArgument("init", text, kAllowedInit);
  };
  for (const auto term : text::split(text, '+')) {
    const auto colon = term.find(':');
    const auto name = term.substr(0, colon);
    const auto value = colon == std::string_view::npos ? "" : term.substr(colon + 1);
    const auto number = text::number<double>(value);
    if (term == "zero") {
      once(has_scale);
    } else if (name == "normal" && number && *number >= 0 && *number <= kLargestInit) {
      once(has_scale);
      init.scale = *number;
    } else if (term == "visible-bias:marginal") {
      once(has_bias);
      init.visible_bias = VisibleBias::marginal;
    } else if (name == "visible-bias" && number && std::abs(*number) <= kLargestInit) {
      once(has_bias);
      init.visible_bias = VisibleBias::value;
      init.visible_bias_value = *number;
    } else {
      throw InvalidArgument("init", text, kAllowedInit);
    }
  }
  return init;
}

std::string Initialisation::to_string() const {
  auto text = scale == 0 ? std::string("zero") : fmt::format("normal:{}", text::shortest(scale));
  if (visible_bias == VisibleBias::marginal) text += "+visible-bias:marginal";
  if (visible_bias == VisibleBias::value) {
    text += fmt::format("+visible-bias:{}", text::shortest(visible_bias_value));
  }
  return text;
}

}  // namespace helmholtz
