#include <algorithm>
#include <limits>
#include <utility>

#include "helmholtz/evaluation.hpp"
#include "helmholtz/random.hpp"
#include "model/exact_scalar.hpp"
#include "model/portable_math.hpp"

namespace helmholtz {

namespace {

float activity(const LayerView& layer, std::span<const float> w, int j, const std::uint8_t* in) {
  float total = 0;
  float sum = w[layer.bias + static_cast<std::size_t>(j)];
  const auto row =
      layer.weights + static_cast<std::size_t>(j) * static_cast<std::size_t>(layer.inputs);
  for (int i = 0; i < layer.inputs; ++i) {
    if (i != 0 && i % exact::kChunk == 0) {
      total = i == exact::kChunk ? sum : total + sum;
      sum = 0;
    }
    if (in[i] != 0) sum += w[row + static_cast<std::size_t>(i)];
  }
  return layer.inputs > exact::kChunk ? total + sum : sum;
}

}  // namespace

std::vector<std::uint8_t> generate_patterns(const Topology& topology,
                                            std::span<const float> parameters, std::uint64_t seed,
                                            std::uint64_t step, std::uint64_t first,
                                            std::uint64_t count) {
  using exact::Scalar;
  std::vector<std::uint8_t> out;
  const auto first_block = step * (topology.draws_per_sample() / 4);
  for (auto n = first; n < first + count; ++n) {
    const RandomStream stream{seed, RandomPurpose::evaluation, static_cast<std::uint32_t>(n)};
    std::vector<std::uint8_t> in;
    std::uint64_t slot = 0;
    for (int l = 0; l <= topology.last(); ++l) {
      const auto& layer = topology.generative(l);
      std::vector<std::uint8_t> units;
      for (int j = 0; j < layer.outputs; ++j) {
        const auto d = exact::one_plus_exp_minus<Scalar>(activity(layer, parameters, j, in.data()));
        units.push_back(exact::fires<Scalar>(d, random_word(stream, first_block, slot++)) ? 1 : 0);
      }
      in = std::move(units);
    }
    out.insert(out.end(), in.begin(), in.end());
  }
  return out;
}

SampledDistribution distribution_from_counts(const World& world, std::vector<std::uint64_t> counts,
                                             std::uint64_t samples) {
  SampledDistribution result{.counts = std::move(counts),
                             .samples = samples,
                             .off_support = samples,
                             .unseen = 0,
                             .kl = -world.entropy()};
  for (std::size_t k = 0; k < world.size(); ++k) {
    const auto count = result.counts[k];
    result.off_support -= count;
    if (count == 0) {
      ++result.unseen;
      continue;
    }
    result.kl -= world.probabilities()[k] *
                 portable::log(static_cast<double>(count) / static_cast<double>(samples));
  }
  if (result.unseen > 0) result.kl = std::numeric_limits<double>::infinity();
  return result;
}

SampledDistribution sampled_distribution(const Topology& topology, const World& world,
                                         std::span<const float> parameters, std::uint64_t seed,
                                         std::uint64_t step, std::uint64_t samples) {
  std::vector<std::uint64_t> counts(world.size());
  const auto units = static_cast<std::size_t>(topology.visible_units());
  const auto patterns = generate_patterns(topology, parameters, seed, step, 0, samples);
  for (std::size_t n = 0; n < samples; ++n) {
    for (std::size_t k = 0; k < counts.size(); ++k) {
      bool same = true;
      for (std::size_t i = 0; i < units; ++i) {
        same = same && world.bit(k, static_cast<int>(i)) == (patterns[n * units + i] != 0);
      }
      counts[k] += same ? 1 : 0;
    }
  }
  return distribution_from_counts(world, std::move(counts), samples);
}

}  // namespace helmholtz
