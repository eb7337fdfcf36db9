#include "sweep/config.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "helmholtz/error.hpp"
#include "io/input_file.hpp"
#include "model/text.hpp"

namespace helmholtz {

namespace {

namespace fs = std::filesystem;

/// As a basic string of TOML: one of JSON, but for DEL.
std::string quoted(const std::string& value) {
  std::string text;
  try {
    text = nlohmann::json(value).dump();
  } catch (const nlohmann::json::type_error&) {
    throw InvalidArgument("world", value, "a path in UTF-8");
  }
  for (auto at = text.find('\x7F'); at != text.npos; at = text.find('\x7F', at)) {
    text.replace(at, 1, "\\u007F");
  }
  return text;
}

/// The world's name; a file's path without regard to the current directory.
std::string world_text(const std::string& name) {
  constexpr std::string_view kFile = "file:";
  if (!name.starts_with(kFile)) return name;
  return fmt::format("{}{}", kFile, fs::absolute(name.substr(kFile.size())).string());
}

/// name = ["a", "b"]
template <class List, class ToString>
std::string list_line(std::string_view name, const List& list, ToString&& to_string) {
  std::vector<std::string> values;
  for (const auto& value : list) values.push_back(quoted(to_string(value)));
  return fmt::format("{} = [{}]\n", name, fmt::join(values, ", "));
}

std::string rate_lines(const SweepSpec& spec) {
  const auto& overrides = spec.rate_overrides;
  auto text = list_line("lr", spec.rates, text::shortest);
  const auto line = [&](std::string_view name, const std::optional<double>& rate) {
    if (rate) text += fmt::format("{} = {}\n", name, text::shortest(*rate));
  };
  line("lr-generative", overrides.generative);
  line("lr-recognition", overrides.recognition);
  if (!overrides.per_layer.empty()) {
    text += list_line("lr-layer", overrides.per_layer, text::shortest);
  }
  return text;
}

}  // namespace

std::string config_text(const SweepSpec& spec) {
  const auto as_text = [](const auto& value) { return value.to_string(); };
  std::string text = fmt::format("world = {}\n", quoted(world_text(spec.world.name())));
  text += list_line("layers", spec.topologies, as_text);
  text += rate_lines(spec);
  text += list_line("batch", spec.batches, [](int batch) { return std::to_string(batch); });
  text += list_line("schedule", spec.schedules, as_text);
  text += list_line("init", spec.initialisations, as_text);
  text += fmt::format("seeds = {}\n", quoted(spec.seeds.to_string()));
  text += fmt::format("mean = {}\nnonnegative = {}\n", spec.reduction == BatchReduction::mean,
                      spec.nonnegative);
  text +=
      fmt::format("steps = {}\neval-every = {}\nsamples = {}\nsave-parameters = {}\n", spec.steps,
                  spec.eval_every, spec.samples, quoted(spec.save_parameters.to_string()));
  text += fmt::format("backend = {}\nmath = \"{}\"\nthreads = {}\n", quoted(spec.common_backend()),
                      to_string(spec.math), spec.threads);
  if (!spec.devices.empty()) {
    text += fmt::format("device = {}\n", quoted(fmt::format("{}", fmt::join(spec.devices, ","))));
  }
  return text;
}

SeedSet seeds_of_config(const fs::path& config) {
  constexpr std::string_view kBegin = "\nseeds = \"";
  const auto text = io::read_file(config);
  const auto begin = text.find(kBegin);
  const auto end = begin == text.npos ? begin : text.find('"', begin + kBegin.size());
  if (end == text.npos) throw BadData(config.string(), "names no seeds");
  try {
    return SeedSet::parse(
        std::string_view(text).substr(begin + kBegin.size(), end - begin - kBegin.size()));
  } catch (const InvalidArgument& error) {
    throw BadData(config.string(), error.what());
  }
}

std::string pattern_text(const World& world) {
  std::string text;
  for (std::size_t k = 0; k < world.size(); ++k) {
    for (int i = 0; i < world.visible_units(); ++i) text += world.bit(k, i) ? '1' : '0';
    text += fmt::format(" | {}\n", text::shortest(world.probabilities()[k]));
  }
  return text;
}

}  // namespace helmholtz
