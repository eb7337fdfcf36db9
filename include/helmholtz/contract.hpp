#pragma once

#include <cstdint>

/// Constants that every backend, host or device, must agree on. Kernels that are compiled at run
/// time include this file too.
namespace helmholtz {

/// What a stream of random numbers is for (random.hpp).
enum class RandomPurpose : std::uint32_t {
  training = 0,
  initial_parameters = 1,
  evaluation = 2,
  bootstrap = 3,
  importance = 4,
  epoch_order = 5,
  binarisation = 6
};

/// Philox4x32-10 (Salmon et al. 2011).
struct Philox4x32 {
  static constexpr std::uint32_t kMultiplier0 = 0xD2511F53U;
  static constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57U;
  static constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;
  static constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;
  static constexpr int kRounds = 10;
  static constexpr int kWords = 4;  ///< 32-bit words of a block
};

/// Layers of a machine, at most.
inline constexpr int kMaxLayers = 16;

/// Inputs that an activity of the exact class adds up before it begins a new partial sum.
inline constexpr int kActivityChunk = 32;

/// A machine has diverged when a parameter is not finite or exceeds this magnitude.
inline constexpr float kDivergedMagnitude = 1'048'576.0F;

/// The largest number of units in a hidden layer, and in two neighbouring hidden layers, for which
/// the hidden states are enumerated.
inline constexpr int kMaxExactUnits = 20;

}  // namespace helmholtz
