#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "helmholtz/backends.hpp"
#include "helmholtz/ensemble.hpp"
#include "helmholtz/trainer.hpp"

namespace helmholtz {

/// How a backend spreads the machines of an ensemble: one unit after the other; many machines side
/// by side, each within a lane or a thread or a few; or a layer of a whole batch at a time.
enum class Strategy { scalar, fused, layered };

/// What an ensemble may ask for beyond wake-sleep as it began. Each is a row of the table in
/// registry.cpp that says when an ensemble asks for it.
struct Features {
  bool particles = false;   ///< reweighted wake-sleep
  bool optimizers = false;  ///< momentum and Adam
  bool epochs = false;      ///< Order::epochs
  bool grey = false;        ///< rows that each visit draws
};

/// One backend. To add another, define its entry in a folder of its own, declare it below, and list
/// it in registry.cpp.
struct BackendEntry {
  std::string_view name;
  std::string_view summary;
  Strategy strategy;
  bool on_gpu = false;
  /// What it runs on; throws NoDevice with the reason if it cannot run.
  std::string (*detail)();
  /// Host memory that a trainer of the ensemble takes.
  std::size_t (*bytes)(const Ensemble&);
  std::unique_ptr<Backend> (*make)(Ensemble, const TrainerOptions&);
  Features features = {};
  /// Nothing if its own limits allow the ensemble, else what it allows instead.
  std::optional<std::string> (*limits)(const Ensemble&) = [](const Ensemble&) {
    return std::optional<std::string>();
  };

  /// Nothing if it can train the ensemble, else what it allows instead.
  [[nodiscard]] std::optional<std::string> supports(const Ensemble& ensemble) const;
  /// Whether it is of the exact class.
  [[nodiscard]] bool is_exact() const noexcept { return strategy != Strategy::layered; }
  /// Its line of list_backends(): asks for what it runs on.
  [[nodiscard]] BackendInfo info() const;
};

namespace reference {
extern const BackendEntry backend_entry;
}
namespace cpu_fused {
extern const BackendEntry backend_entry;
}
namespace cpu_layered {
extern const BackendEntry backend_entry;
}
namespace plugin {
extern const BackendEntry fused_entry;
extern const BackendEntry layered_entry;
}  // namespace plugin

/// Bytes of the optimiser states of all machines.
std::size_t optimizer_state_bytes(const Ensemble& ensemble);

/// All of them, in the order of list_backends().
std::span<const BackendEntry* const> all_backends();
/// @throws InvalidArgument (field "backend") for an unknown name
const BackendEntry& find_backend(std::string_view name);
/// The same; for `auto` what choose_backend(ensemble) says, which asks for no GPU.
const BackendEntry& backend_for(std::string_view name, const Ensemble& ensemble);

}  // namespace helmholtz
