#include "app/saved_flags.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/error.hpp"
#include "model/text.hpp"

namespace helmholtz::app {

namespace {

bool same_world(const World& a, const World& b) {
  return a.visible_units() == b.visible_units() && std::ranges::equal(a.words(), b.words()) &&
         std::ranges::equal(a.probabilities(), b.probabilities());
}

std::string rates_text(const LearningRates& rates) {
  return fmt::format("generative {}, recognition {}", fmt::join(rates.generative, ","),
                     fmt::join(rates.recognition, ","));
}

[[noreturn]] void refuse(std::string_view flag, std::string_view given, std::string_view saved) {
  throw InvalidArgument(flag, given, fmt::format("{}, as the machine of --from began", saved));
}

void require_same_rates(const RunFlags& flags, const RunOptions& options, const Topology& topology,
                        const LearningRates& saved) {
  constexpr std::array kFlags = {"lr", "lr-generative", "lr-recognition", "lr-layer"};
  const auto is_given = [&](const char* flag) { return flags.given(flag); };
  if (std::none_of(kFlags.begin(), kFlags.end(), is_given)) return;
  auto rates = options.rate_overrides;
  rates.rate = options.rates.front();
  const auto wanted = rates.resolve(topology);
  if (wanted != saved) refuse("lr", rates_text(wanted), rates_text(saved));
}

}  // namespace

void require_same_machine(const RunFlags& flags, const RunOptions& options,
                          const SavedMachine& saved) {
  const auto& ensemble = saved.ensemble;
  const auto& setting = ensemble.hyperparameters(0);
  const auto require = [&](std::string_view flag, bool same, std::string_view given,
                           std::string_view was) {
    if (flags.given(flag) && !same) refuse(flag, given, was);
  };
  require("layers", options.topologies[0] == ensemble.topology, options.topologies[0].to_string(),
          ensemble.topology.to_string());
  require("world", same_world(options.world, ensemble.world), options.world.name(),
          ensemble.world.name());
  require("batch", options.batches[0] == ensemble.batch, std::to_string(options.batches[0]),
          std::to_string(ensemble.batch));
  require("mean", options.reduction == ensemble.reduction, "mean", "the sum over the batch");
  require("nonnegative", options.nonnegative == ensemble.nonnegative, "nonnegative",
          "no such limit");
  require("schedule", options.schedules[0] == setting.schedule, options.schedules[0].to_string(),
          setting.schedule.to_string());
  require("init", options.initialisations[0] == setting.initialisation,
          options.initialisations[0].to_string(), setting.initialisation.to_string());
  require_same_rates(flags, options, ensemble.topology, setting.rates);
}

}  // namespace helmholtz::app
