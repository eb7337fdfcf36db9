#pragma once

#include <optional>
#include <span>
#include <string_view>

/// Published results and the sweeps that compare with them.
namespace helmholtz::app {

/// One sweep of an experiment, as `helmholtz sweep` takes it.
struct ExperimentPart {
  std::string_view name;   ///< of its folder
  std::string_view flags;  ///< separated by spaces
};

struct Experiment {
  std::string_view name;
  std::string_view source;     ///< who published what
  std::string_view published;  ///< their result, in one sentence
  bool bits = false;           ///< the unit of the published result: bits, or nats
  /// The published KL: the share of machines that reach it is counted.
  std::optional<double> kl = {};
  /// Whether to ask the top layers for the direction of the shift (evaluate/shift_direction.hpp);
  /// the parts save all parameters.
  bool asks_direction = false;
  std::span<const ExperimentPart> parts;
};

/// In the order of --help.
std::span<const Experiment> experiments();

}  // namespace helmholtz::app
