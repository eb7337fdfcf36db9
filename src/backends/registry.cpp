#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "backends/cpu_fused/cpu_fused.hpp"
#include "backends/cpu_layered/cpu_layered.hpp"
#include "backends/reference/reference.hpp"
#include "helmholtz/backend.hpp"
#include "helmholtz/error.hpp"
#include "model/text.hpp"

namespace helmholtz {

namespace {

/// One backend: to add another, add a line to kBackends.
struct Entry {
  std::string_view name;
  std::string_view summary;
  bool exact;
  std::string (*detail)();
  std::size_t (*bytes)(const Ensemble&);
  std::unique_ptr<Trainer> (*make)(Ensemble, const TrainerOptions&);
};

constexpr std::array kBackends = {
    Entry{"reference", "one machine at a time, scalar: the oracle in tests", true,
          [] { return std::string("any CPU"); }, reference::bytes, reference::make},
    Entry{"cpu-fused", "SIMD lane = machine, blocks of machines over all cores: sweeps", true,
          cpu_fused::detail, cpu_fused::bytes, cpu_fused::make},
    Entry{"cpu-layered", "a layer of the whole batch at a time: large layers and batches", false,
          cpu_layered::detail, cpu_layered::bytes, cpu_layered::make},
};

const Entry& find(std::string_view name) {
  const auto* const entry = std::find_if(kBackends.begin(), kBackends.end(),
                                         [&](const Entry& e) { return e.name == name; });
  if (entry != kBackends.end()) return *entry;
  std::vector<std::string_view> names = {"auto"};
  std::string allowed = "auto";
  for (const auto& e : kBackends) {
    names.push_back(e.name);
    allowed += fmt::format(", {}", e.name);
  }
  if (const auto near = text::closest(name, names)) {
    allowed += fmt::format("; did you mean {}?", *near);
  }
  throw InvalidArgument("backend", name, allowed);
}

}  // namespace

std::vector<BackendInfo> list_backends() {
  std::vector<BackendInfo> infos;
  for (const auto& entry : kBackends) {
    infos.push_back({.name = std::string(entry.name),
                     .summary = std::string(entry.summary),
                     .exact = entry.exact,
                     .available = true,
                     .detail = entry.detail()});
  }
  return infos;
}

// Measured on two AVX-512 cores (Zen 4), machine-steps/s of cpu-fused over cpu-layered, with all
// lanes filled (16 machines) and with one machine:
//
//   layers           parameters   batch 1        batch 16       batch 256
//   1,6,9                   143   35    3.1      19    1.3      16    1.0
//   8,16,32,64            5,552   4.1   0.25     0.8   0.06     0.8   0.06
//   16,64,128            18,720   1.3   0.08     0.5   0.03     0.4   0.02
//   10,100,200,784      356,694   0.9   0.04     0.1   0.01     -     0.01
//
// The rule looks at the topology and the batch alone, never at the number of machines: a machine
// has the same trajectory alone and among a million. Close calls go to the exact class.
std::string choose_backend(const Ensemble& ensemble) {
  constexpr std::size_t kLarge = 50'000;
  constexpr std::size_t kLargeForBatches = 10'000;
  constexpr int kBatch = 16;
  const auto parameters = ensemble.topology.parameters();
  const bool layered =
      parameters >= kLarge || (parameters >= kLargeForBatches && ensemble.batch >= kBatch);
  return layered ? "cpu-layered" : "cpu-fused";
}

std::size_t trainer_bytes(std::string_view backend, const Ensemble& ensemble) {
  return find(backend == "auto" ? choose_backend(ensemble) : backend).bytes(ensemble);
}

std::unique_ptr<Trainer> make_trainer(std::string_view backend, Ensemble ensemble,
                                      const TrainerOptions& options) {
  const bool numpy = options.random == RandomScheme::numpy;
  const auto name = backend != "auto" ? std::string(backend)
                    : numpy           ? std::string("reference")
                                      : choose_backend(ensemble);
  const auto& entry = find(name);
  if (numpy && name != "reference") {
    throw InvalidArgument("rng", "numpy", "philox, or backend reference");
  }
  if (options.threads < 0 || options.threads > TrainerOptions::kMaxThreads) {
    throw InvalidArgument("threads", std::to_string(options.threads),
                          fmt::format("0 (all cores) to {}", TrainerOptions::kMaxThreads));
  }
  return entry.make(std::move(ensemble), options);
}

}  // namespace helmholtz
