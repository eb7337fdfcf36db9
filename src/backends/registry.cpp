#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "backends/backend.hpp"
#include "backends/registry.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz {

namespace {

constexpr std::array kBackends = {&reference::backend_entry, &cpu_fused::backend_entry,
                                  &cpu_layered::backend_entry, &plugin::fused_entry,
                                  &plugin::layered_entry};

/// A feature, and what of an ensemble asks for it, if anything does.
struct FeatureRow {
  std::string_view name;
  bool Features::*feature;
  std::optional<std::string> (*asked)(const Ensemble&);
};

std::optional<std::string> asked_particles(const Ensemble& ensemble) {
  if (ensemble.particles > 1) return fmt::format("particles {}", ensemble.particles);
  if (ensemble.recognition_learns_awake()) return "lr-recognition-wake above 0";
  return std::nullopt;
}

std::optional<std::string> asked_optimizer(const Ensemble& ensemble) {
  const auto has_means = [](const auto& setting) { return setting.optimizer.means() > 0; };
  const auto found = std::ranges::find_if(ensemble.settings, has_means);
  if (found == ensemble.settings.end()) return std::nullopt;
  return fmt::format("optimizer {}", found->optimizer.to_string());
}

std::optional<std::string> asked_epochs(const Ensemble& ensemble) {
  if (ensemble.order == Order::iid) return std::nullopt;
  return fmt::format("order {}", to_string(ensemble.order));
}

std::optional<std::string> asked_grey(const Ensemble& ensemble) {
  if (!ensemble.world.is_grey()) return std::nullopt;
  return "binarize sample";
}

constexpr std::array kFeatures = {FeatureRow{"particles", &Features::particles, asked_particles},
                                  FeatureRow{"optimizer", &Features::optimizers, asked_optimizer},
                                  FeatureRow{"epochs", &Features::epochs, asked_epochs},
                                  FeatureRow{"grey rows", &Features::grey, asked_grey}};

/// The backends that know a feature, e.g. "for particles 5: reference, cpu-fused".
std::string others_for(std::string_view asked, bool Features::*feature) {
  std::vector<std::string_view> names;
  for (const auto* const entry : kBackends) {
    if (entry->features.*feature) names.push_back(entry->name);
  }
  return fmt::format("for {}: {}", asked,
                     names.empty() ? "none yet" : fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace

std::span<const BackendEntry* const> all_backends() { return kBackends; }

const BackendEntry& find_backend(std::string_view name) {
  std::vector<std::string_view> names = {"auto"};
  for (const auto* const entry : kBackends) {
    if (entry->name == name) return *entry;
    names.push_back(entry->name);
  }
  auto allowed = fmt::format("{}", fmt::join(names, ", "));
  if (const auto near = text::closest(name, names)) {
    allowed += fmt::format("; did you mean {}?", *near);
  }
  throw InvalidArgument("backend", name, allowed);
}

std::optional<std::string> BackendEntry::supports(const Ensemble& ensemble) const {
  for (const auto& row : kFeatures) {
    if (features.*row.feature) continue;
    if (const auto text = row.asked(ensemble)) return others_for(*text, row.feature);
  }
  return limits(ensemble);
}

std::size_t optimizer_state_bytes(const Ensemble& ensemble) {
  std::size_t bytes = 0;
  for (std::size_t m = 0; m < ensemble.size(); ++m) {
    bytes += optimizer_state_floats(ensemble, m) * sizeof(float);
  }
  return bytes;
}

BackendInfo BackendEntry::info() const {
  BackendInfo info;
  info.name = name;
  info.summary = summary;
  info.exact = is_exact();
  for (const auto& row : kFeatures) {
    if (features.*row.feature) info.features.emplace_back(row.name);
  }
  try {
    info.detail = detail();
    info.available = true;
  } catch (const NoDevice& error) {
    info.detail = error.what();
  }
  return info;
}

std::vector<BackendInfo> list_backends() {
  std::vector<BackendInfo> infos;
  for (const auto* const entry : kBackends) infos.push_back(entry->info());
  return infos;
}

// Machine-steps/s of cpu-fused over cpu-layered with 64 machines, and with one machine. One AVX-512
// core (Intel Xeon), the benchmarks choose/ (bench/README.md):
//
//   layers           parameters   batch 1       batch 4       batch 16      batch 256
//   1,6,9                   143   39    2.4     16    1.0    6.5   0.40    3.1   0.20
//   4,8,16                  360   16    1.0      6.8  0.43   2.8   0.17    1.3   0.08
//   8,16,32               1,360    5.7  0.27     2.9  0.19   1.1   0.08    0.51  0.04
//   8,16,32,64            5,552    2.9  0.18     1.6  0.10   0.69  0.04    0.42  0.03
//   16,64,128            18,720    1.1  0.08     0.62 0.03   0.22  0.02    0.21  0.01
//   32,128,256           74,304    0.53 0.03     0.32 0.02   0.21  0.01    0.10  0.00
//   10,100,200,784      357,004    0.34 0.03     0.30 0.01   0.22  0.01    0.09  0.01
//
// The rule looks at the topology, the batch and the particles alone, never at the number of
// machines: a machine has the same trajectory alone and among a million. It follows the many
// machines.
std::string choose_backend(const Ensemble& ensemble) {
  constexpr std::size_t kLarge = 50'000;
  constexpr std::size_t kWide = 500;  // below, layers leave most of cpu-layered's vectors empty
  const auto rows = static_cast<std::size_t>(ensemble.batch) *
                    static_cast<std::size_t>(ensemble.particles);  // a row per particle
  const auto parameters = ensemble.topology.parameters();
  const bool layered = parameters >= kWide && parameters * rows >= kLarge;
  std::array names = {"cpu-fused", "cpu-layered", "reference"};
  if (layered) std::swap(names[0], names[1]);
  return *std::find_if(names.begin(), names.end() - 1,
                       [&](const char* name) { return !find_backend(name).supports(ensemble); });
}

namespace {

/// Whether a GPU trains a machine here: tried when first asked.
bool has_gpu() {
  static const bool trains = [] {
    try {
      constexpr std::array<std::uint64_t, 1> kSeed = {0};
      plugin::fused_entry
          .make(make_ensemble(Topology({1, 6, 9}), make_world("kirby3x3"), kSeed), {})
          ->train(0, 1);
      return true;
    } catch (const Error&) {
      return false;
    }
  }();
  return trains;
}

}  // namespace

// Estimates, until a GPU is measured: one takes half a second to a second to start, in which 16
// cores train 10^9 machine-steps of [1,6,9]; with fewer machines most of its threads are idle.
// cuda-layered is never chosen: it is of the tolerant class, so that results would depend on
// whether there is a GPU.
std::string choose_backend(const Ensemble& ensemble, std::uint64_t machines, std::uint64_t steps) {
  constexpr std::uint64_t kMachines = 4096;
  constexpr double kMachineSteps = 1e9;
  auto name = choose_backend(ensemble);
  const bool is_worth_it =
      machines >= kMachines &&
      static_cast<double>(machines) * static_cast<double>(steps) >= kMachineSteps;
  const bool on_gpu = name == cpu_fused::backend_entry.name && is_worth_it &&
                      !plugin::fused_entry.supports(ensemble) && has_gpu();
  return on_gpu ? std::string(plugin::fused_entry.name) : name;
}

const BackendEntry& backend_for(std::string_view name, const Ensemble& ensemble) {
  return find_backend(name == "auto" ? choose_backend(ensemble) : name);
}

std::size_t trainer_bytes(std::string_view backend, const Ensemble& ensemble) {
  return backend_for(backend, ensemble).bytes(ensemble);
}

namespace {

/// @throws InvalidArgument (field "data") if there are no rows to draw
void require_loaded(const World& world) {
  if (world.is_loaded()) return;
  throw InvalidArgument("data", world.name(), "a data set whose rows are in memory");
}

}  // namespace

Trainer make_trainer(Ensemble ensemble, const TrainerOptions& options) {
  const bool numpy = options.random == RandomScheme::numpy;
  const auto name = options.backend != "auto" ? options.backend
                    : numpy                   ? std::string("reference")
                                              : choose_backend(ensemble);
  const auto& entry = find_backend(name);
  if (numpy && entry.strategy != Strategy::scalar) {
    throw InvalidArgument("rng", "numpy", "philox, or backend reference");
  }
  limits::require_threads(options.threads, TrainerOptions::kMaxThreads);
  if (options.math != MatrixMath::fp32 && !(entry.on_gpu && entry.strategy == Strategy::layered)) {
    throw InvalidArgument("math", to_string(options.math),
                          fmt::format("fp32 with backend {}, or backend cuda-layered", name));
  }
  if (!options.devices.empty() && !entry.on_gpu) {
    throw InvalidArgument("device", fmt::format("{}", fmt::join(options.devices, ",")),
                          fmt::format("nothing with backend {}", name));
  }
  require_loaded(ensemble.world);
  if (const auto allowed = entry.supports(ensemble)) {
    throw InvalidArgument("backend", name, *allowed);
  }
  return Trainer(entry.make(std::move(ensemble), options));
}

}  // namespace helmholtz
