#include "evaluate/sample_generator.hpp"

#include <algorithm>
#include <new>

#include "simd/target.hpp"

namespace helmholtz {

namespace {

/// So many samples that their words stay in the first-level cache, whole vectors of them.
std::size_t block_size(std::size_t words_per_pattern, std::size_t lanes) {
  constexpr std::size_t kWords = 4096;
  constexpr std::size_t kSamples = 512;
  const auto samples = std::min(kSamples, kWords / words_per_pattern);
  return std::max(samples / lanes, std::size_t{1}) * lanes;
}

}  // namespace

SampleGenerator::SampleGenerator(const Topology& topology)
    : topology_(topology),
      lanes_((simd::apply_environment(), simd::sample_lanes())),
      words_per_pattern_((static_cast<std::size_t>(topology.visible_units()) + 31) / 32),
      block_(block_size(words_per_pattern_, lanes_)),
      scratch_(hwy::AllocateAligned<std::byte>(simd::sample_scratch_bytes(topology))),
      words_(hwy::AllocateAligned<std::uint32_t>(words_per_pattern_ * block_)) {
  if (!scratch_ || !words_) throw std::bad_alloc();
}

void SampleGenerator::for_each_block(const float* parameters, std::uint64_t seed,
                                     std::uint64_t step, std::uint64_t first, std::uint64_t count,
                                     const Visit& visit) const {
  const simd::GeneratorTask task{.topology = &topology_,
                                 .parameters = parameters,
                                 .seed = seed,
                                 .first_block = step * (topology_.draws_per_sample() / 4)};
  for (std::uint64_t done = 0; done < count; done += block_) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block_, count - done));
    const auto stride = (size + lanes_ - 1) / lanes_ * lanes_;
    const simd::PackedPatterns samples{.words = words_.get(), .stride = stride};
    simd::generate_samples(task, static_cast<std::uint32_t>(first + done), scratch_.get(), samples);
    visit(samples, size);
  }
}

}  // namespace helmholtz
