#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/ensemble.hpp"

/// The implementations of a training step that make_trainer (trainer.hpp) chooses from.
namespace helmholtz {

/// One line of `helmholtz backends`.
struct BackendInfo {
  std::string name;
  std::string summary;  ///< what it is for
  bool exact = false;   ///< of the exact class: the same bits as every other exact backend
  bool available = false;
  std::string detail;  ///< what it runs on, or why it cannot run
  /// What it knows beyond wake-sleep: of "particles" (reweighted wake-sleep), "optimizer" (momentum
  /// and Adam), "epochs" and "grey rows" of data sets.
  std::vector<std::string> features = {};
};

/// All backends, in the order of the registry. Looks for devices; a driver that is out of order is
/// none, and its text the detail.
std::vector<BackendInfo> list_backends();

/// The backend that `auto` stands for: cpu-layered if the parameters of a machine times the batch
/// times the particles are 50,000 or more, else cpu-fused (measurements in
/// src/backends/registry.cpp); the other one, then the reference, where it lacks a feature.
std::string choose_backend(const Ensemble& ensemble);
/// The same for a sweep of so many machines and steps like those of the ensemble: cuda-fused in
/// place of cpu-fused, which gives the same bits, for 4,096 machines or more that take 10^9 steps
/// or more together, if there is a GPU (estimates: none was measured yet).
std::string choose_backend(const Ensemble& ensemble, std::uint64_t machines, std::uint64_t steps);

/// Bytes that a trainer of this ensemble takes, at most 10 % above its parameters for many
/// machines.
std::size_t trainer_bytes(std::string_view backend, const Ensemble& ensemble);

}  // namespace helmholtz
