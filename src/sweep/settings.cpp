#include "sweep/settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include "backends/registry.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "sweep/fields.hpp"
#include "sweep/memory.hpp"

namespace helmholtz {

namespace {

template <class List, class ToString>
std::string joined(const List& list, ToString&& to_string) {
  std::vector<std::string> texts;
  for (const auto& value : list) texts.push_back(to_string(value));
  return fmt::format("{}", fmt::join(texts, "; "));
}

std::string bytes_of(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

std::string backend_arithmetic(const SweepSpec& spec) {
  return joined(spec.kinds(), [&](const SweepConfiguration& kind) {
    // Not resolved_backend(), which may start a GPU: the one that `auto` takes gives the bits of
    // cpu-fused.
    const auto& backend = backend_for(spec.backend, trial_ensemble(spec, kind, 1));
    if (backend.is_exact()) return std::string("exact");
    return spec.math == MatrixMath::fp32 ? std::string(backend.name)
                                         : fmt::format("{} {}", backend.name, to_string(spec.math));
  });
}

std::string rate_overrides_text(const SweepSpec& spec) {
  const auto rate = [](const std::optional<double>& value) {
    return value ? text::shortest(*value) : std::string("-");
  };
  const auto& rates = spec.rate_overrides;
  return fmt::format("generative {}, recognition {}, layers {}", rate(rates.generative),
                     rate(rates.recognition), joined(rates.per_layer, text::shortest));
}

std::string world_digest(const World& world) {
  if (world.is_data()) {
    return fmt::format("{} units, {} rows, {:016x}", world.visible_units(), world.size(),
                       world.data().digest);
  }
  std::string text = fmt::format("{}x{}\n", world.shape().rows, world.shape().columns);
  for (const auto word : world.words()) text += fmt::format("{:08x}", word);
  for (const double p : world.probabilities()) text += fmt::format("\n{}", text::shortest(p));
  return fmt::format("{} units, {} patterns, {:016x}", world.visible_units(), world.size(),
                     XXH3_64bits(text.data(), text.size()));
}

World described_data(std::string name, std::string_view digest) {
  const auto words = text::split(digest, ' ');  // 784 units, 60000 rows, 0123456789abcdef
  if (words.size() == 5) {
    const auto units = text::number<int>(words[0]);
    const auto rows = text::number<std::size_t>(words[2]);
    std::uint64_t value = 0;
    std::from_chars(words[4].data(), words[4].data() + words[4].size(), value, 16);
    World world(std::move(name), default_shape(units.value_or(0)),
                DataRows{.digest = value, .count = rows.value_or(0)});
    if (world_digest(world) == digest) return world;
  }
  throw InvalidArgument("data", digest, "units, rows and a digest");
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

/// Its float32 numbers.
std::string optimizer_arithmetic(const SweepSpec& spec, std::size_t i) {
  const auto& optimizer = spec.optimizers[i];
  return bytes_of({static_cast<float>(optimizer.means()), static_cast<float>(optimizer.beta),
                   static_cast<float>(optimizer.beta2), static_cast<float>(optimizer.epsilon)});
}

/// Draws are scaled in double, so scales are equal as they are written; without draws, by the
/// parameters of a small machine with the visible layer of all.
std::string initialisation_arithmetic(const SweepSpec& spec, std::size_t i) {
  const auto& initialisation = spec.initialisations[i];
  if (initialisation.scale != 0) return initialisation.to_string();
  const Ensemble one{.topology = Topology({1, spec.world.visible_units()}),
                     .world = spec.world,
                     .nonnegative = spec.nonnegative,
                     .settings = {{.initialisation = initialisation}},
                     .machines = {{.seed = 0, .setting = 0}}};
  std::vector<float> parameters(one.topology.parameters());
  initial_parameters(one, 0, parameters);
  return bytes_of(parameters);
}

Settings settings_of(const SweepSpec& spec) {
  Settings settings;
  for (const auto& field : fields()) {
    if (field.is_setting_of(spec)) settings.emplace_back(field.setting, field.setting_of(spec));
  }
  return settings;
}

std::uint64_t configuration_hash(const Settings& settings) {
  std::string text = fmt::format("schema {}\n", kShardSchema);
  for (const auto& [name, value] : settings) text += fmt::format("{} = {}\n", name, value);
  return XXH3_64bits(text.data(), text.size());
}

std::string difference(const Settings& there, const Settings& now) {
  const std::string omitted = "the default";
  std::map<std::string, std::string> old(there.begin(), there.end());
  auto all = now;
  for (const auto& [name, value] : now) old.try_emplace(name, omitted);
  for (const auto& [name, value] : there) {
    if (std::ranges::find(now, name, &Settings::value_type::first) != now.end()) continue;
    all.emplace_back(name, omitted);
  }
  constexpr std::size_t kLength = 80;  // lists may have thousands of entries
  std::vector<std::string> lines;
  for (const auto& [name, value] : all) {
    const auto& before = old.at(name);
    if (before == value) continue;
    lines.push_back(fmt::format("{}: {} there, {} now", name,
                                text::beginning(before, kLength, "..."),
                                text::beginning(value, kLength, "...")));
  }
  return fmt::format("{}", fmt::join(lines, "; "));
}

}  // namespace helmholtz
