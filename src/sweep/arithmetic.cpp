#include "sweep/arithmetic.hpp"

#include <cstring>
#include <vector>

namespace helmholtz {

namespace {

std::string bytes_of(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

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

/// Draws are scaled in double, so scales are equal as they are written, or where every draw is 0:
/// then by the parameters of a small machine with the visible layer of all.
std::string initialisation_arithmetic(const SweepSpec& spec, std::size_t i) {
  constexpr double kAboveAnyDraw = 10;  // of a standard normal from 32 bits
  auto initialisation = spec.initialisations[i];
  const auto largest = static_cast<float>(initialisation.scale * kAboveAnyDraw);
  if (largest != 0) return initialisation.to_string();
  initialisation.scale = 0;
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
