#include "evaluate/shift_direction.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "helmholtz/random.hpp"
#include "model/exact_scalar.hpp"

namespace helmholtz {

namespace {

constexpr std::uint32_t kColumns = 8;
constexpr std::uint32_t kRow = (1U << kColumns) - 1;

std::uint32_t rotated(std::uint32_t row, std::uint32_t by) {
  return (row << by | row >> (kColumns - by)) & kRow;
}

/// The state of the top layer when the recognition network samples a pattern from the draws of one
/// stream.
std::uint32_t recognise(const Topology& topology, std::span<const float> parameters,
                        std::vector<std::uint8_t> below, const RandomStream& stream) {
  std::uint64_t slot = 0;
  for (int l = topology.last() - 1; l >= 0; --l) {
    const auto& layer = topology.recognition(l);
    std::vector<std::uint8_t> own;
    for (int j = 0; j < layer.outputs; ++j) {
      float activity = parameters[layer.bias + static_cast<std::size_t>(j)];
      const auto* const weights =
          &parameters[layer.weights + static_cast<std::size_t>(j * layer.inputs)];
      for (std::size_t i = 0; i < below.size(); ++i) activity += below[i] != 0 ? weights[i] : 0.0F;
      const auto d = exact::one_plus_exp_minus<exact::Scalar>(activity);
      own.push_back(exact::fires<exact::Scalar>(d, random_word(stream, 0, slot++)) ? 1 : 0);
    }
    below = std::move(own);
  }
  std::uint32_t state = 0;
  for (const auto unit : below) state = state << 1U | unit;
  return state;
}

}  // namespace

std::optional<ShiftDirection> shift_direction(const World& shifter, std::size_t k) {
  const auto row = [&](int r) {
    std::uint32_t bits = 0;
    for (std::uint32_t c = 0; c < kColumns; ++c) {
      const int unit = r * static_cast<int>(kColumns) + static_cast<int>(c);
      bits |= shifter.bit(k, unit) ? 1U << c : 0U;
    }
    return bits;
  };
  const bool right = row(2) == rotated(row(0), 1);
  const bool left = row(2) == rotated(row(0), kColumns - 1);
  if (right == left) return std::nullopt;
  return right ? ShiftDirection::right : ShiftDirection::left;
}

double shift_accuracy(const Topology& topology, const World& shifter,
                      std::span<const float> parameters, std::uint64_t seed) {
  constexpr std::uint32_t kTimes = 32;
  std::vector<std::array<double, 2>> joint(std::size_t{1} << topology.size(0));
  double total = 0;
  RandomStream stream{.seed = seed, .purpose = RandomPurpose::evaluation};
  for (std::size_t k = 0; k < shifter.size(); ++k) {
    const auto direction = shift_direction(shifter, k);
    if (!direction) continue;
    std::vector<std::uint8_t> pattern;
    for (int i = 0; i < shifter.visible_units(); ++i) pattern.push_back(shifter.bit(k, i) ? 1 : 0);
    for (std::uint32_t n = 0; n < kTimes; ++n, ++stream.row) {
      const auto state = recognise(topology, parameters, pattern, stream);
      joint[state][*direction == ShiftDirection::right ? 1 : 0] += shifter.probabilities()[k];
      total += shifter.probabilities()[k];
    }
  }
  double shown = 0;
  for (const auto& state : joint) shown += std::max(state[0], state[1]);
  return shown / total;
}

}  // namespace helmholtz
