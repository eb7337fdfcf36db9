#include "app/saved_flags.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/error.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::app {

namespace {

std::string rates_text(const LearningRates& rates) {
  return fmt::format("generative {}, recognition {}", fmt::join(rates.generative, ","),
                     fmt::join(rates.recognition, ","));
}

[[noreturn]] void refuse(std::string_view flag, std::string_view given, std::string_view saved) {
  throw InvalidArgument(flag, given, fmt::format("{}, as the machine of --from began", saved));
}

void require_same_rates(SweepSpec spec, const Ensemble& saved) {
  spec.topologies = {saved.topology};
  const auto wanted = spec.learning_rates(spec.configuration(0));
  const auto& had = saved.hyperparameters(0).rates;
  if (wanted != had) refuse("lr", rates_text(wanted), rates_text(had));
}

}  // namespace

void require_same_machine(const SpecFlags& flags, const SweepSpec& spec,
                          const SavedMachine& saved) {
  const auto had = spec_of_machine(saved.ensemble);
  for (const auto& field : fields()) {
    if (field.of_sweeps_alone || !flags.given(field.name)) continue;
    if (field.scope == Field::Scope::rate) require_same_rates(spec, saved.ensemble);
    if (field.scope != Field::Scope::machine) continue;
    if (field.setting_of(spec) != field.setting_of(had)) {
      refuse(field.name, field.texts(spec).front(), field.texts(had).front());
    }
  }
}

}  // namespace helmholtz::app
