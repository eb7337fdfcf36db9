#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "sweep/fields.hpp"

namespace helmholtz {

Texts Field::texts(const SweepSpec& spec) const {
  Texts all(access.size(spec));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = access.text(spec, i);
  return all;
}

std::string Field::setting_of(const SweepSpec& spec) const {
  return setting_text ? setting_text(spec) : fmt::format("{}", fmt::join(texts(spec), "; "));
}

bool Field::is_omitted(const SweepSpec& spec) const {
  static const SweepSpec usual;
  return omitted_at_default && setting_of(spec) == setting_of(usual);
}

bool Field::is_setting_of(const SweepSpec& spec) const {
  return !setting.empty() && !is_omitted(spec);
}

const std::vector<const Field*>& swept_fields() {
  static const auto swept = [] {
    std::vector<const Field*> lists;
    for (const auto& field : fields()) {
      if (field.is_list()) lists.push_back(&field);
    }
    return lists;
  }();
  return swept;
}

std::vector<std::size_t> configuration_indices(const SweepSpec& spec, std::uint64_t c) {
  const auto& swept = swept_fields();
  std::vector<std::size_t> indices(swept.size());
  for (auto s = swept.size(); s-- > 0;) {
    const auto size = swept[s]->access.size(spec);
    indices[s] = c % size;
    c /= size;
  }
  return indices;
}

std::size_t kind_number(const SweepSpec& spec, std::uint64_t c) {
  const auto indices = configuration_indices(spec, c);
  std::size_t number = 0;
  for (std::size_t s = 0; s < indices.size(); ++s) {
    const auto& field = *swept_fields()[s];
    if (field.of_kind) number = number * field.access.size(spec) + indices[s];
  }
  return number;
}

Texts configuration_texts(const SweepSpec& spec, std::uint64_t c) {
  const auto indices = configuration_indices(spec, c);
  Texts texts;
  for (std::size_t s = 0; s < indices.size(); ++s) {
    texts.push_back(swept_fields()[s]->access.text(spec, indices[s]));
  }
  return texts;
}

std::vector<const Field*> column_fields(const SweepSpec& spec) {
  auto columns = swept_fields();
  std::erase_if(columns, [&](const Field* field) { return field->is_omitted(spec); });
  return columns;
}

Texts column_texts(const SweepSpec& spec, std::uint64_t c) {
  const auto indices = configuration_indices(spec, c);
  Texts texts;
  for (std::size_t s = 0; s < indices.size(); ++s) {
    const auto& field = *swept_fields()[s];
    if (!field.is_omitted(spec)) texts.push_back(field.access.text(spec, indices[s]));
  }
  return texts;
}

std::string csv_fields(std::span<const std::string> texts, bool comma_behind) {
  std::string line;
  for (const auto& text : texts) {
    const bool is_quoted = text.find(',') != std::string::npos;
    if (!comma_behind) line += ',';
    line += is_quoted ? fmt::format("\"{}\"", text) : text;
    if (comma_behind) line += ',';
  }
  return line;
}

SweepSpec spec_of_machine(const SavedMachine& machine) {
  const auto& ensemble = machine.ensemble;
  const auto& setting = ensemble.hyperparameters(0);
  SweepSpec spec;
  spec.world = ensemble.world;
  spec.topologies = {ensemble.topology};
  spec.batches = {ensemble.batch};
  spec.particles = {ensemble.particles};
  spec.schedules = {setting.schedule};
  spec.optimizers = {setting.optimizer};
  spec.initialisations = {setting.initialisation};
  spec.order = ensemble.order;
  spec.reduction = ensemble.reduction;
  spec.nonnegative = ensemble.nonnegative;
  spec.common = setting;
  spec.data.binarize = machine.data.binarize;
  return spec;
}

SweepSpec parse_spec(const GivenTexts& given) {
  SweepSpec spec;
  for (const auto& field : fields()) {
    const auto texts = given.find(field.name);
    if (texts != given.end()) field.access.read(field.name, texts->second, spec);
  }
  if (spec.data.files.any() && given.contains("world")) {
    throw InvalidArgument("world", spec.world.name(), "nothing beside a data set");
  }
  if (!given.contains("eval-every")) spec.eval_every = std::max<std::uint64_t>(1, spec.steps / 10);
  return spec;
}

}  // namespace helmholtz
