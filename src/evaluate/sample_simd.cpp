// Generated samples and their counts: SIMD lane = sample of one machine, in the arithmetic of the
// exact class. Compiled once for each instruction set; HWY_DYNAMIC_DISPATCH picks at run time.
#include "evaluate/sample_simd.hpp"

#include <algorithm>
#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "evaluate/sample_simd.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "helmholtz/random.hpp"
#include "model/exact_scalar.hpp"
#include "simd/float_ops-inl.hpp"
#include "simd/philox-inl.hpp"
#include "step/static_shape.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {

#define HELMHOLTZ_FN HWY_INLINE
#define HELMHOLTZ_BODY __attribute__((always_inline))
#include "step/wake_sleep.inl"
#undef HELMHOLTZ_FN
#undef HELMHOLTZ_BODY

namespace {

using simd::GeneratorTask;
using simd::PackedPatterns;

/// One machine's parameters, the same in every lane.
struct SharedParameters {
  const float* parameters;
  [[nodiscard]] HWY_INLINE FloatOps::F load(std::size_t k) const {
    return FloatOps::set(parameters[k]);
  }
};

/// The bit where the unit is on.
HWY_INLINE FloatOps::U bit_where(FloatOps::Bit state, int bit) {
  const auto on = hn::RebindMask(FloatOps::DU(), hn::Ne(state, FloatOps::set(0.0F)));
  return hn::IfThenElseZero(on, FloatOps::set_bits(1U << bit));
}

constexpr std::size_t round_up_to_64(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

std::size_t words_bytes(const Topology& topology) {
  return round_up_to_64(topology.draws_per_sample() * sizeof(FloatOps::U));
}

std::size_t scratch_bytes(const Topology& topology) {
  return words_bytes(topology) +
         round_up_to_64(static_cast<std::size_t>(topology.units()) * sizeof(FloatOps::Bit));
}

template <class Shape>
class Sampler {
 public:
  Sampler(const Shape& shape, const GeneratorTask& task, std::byte* scratch)
      : shape_(shape),
        task_(task),
        words_(reinterpret_cast<FloatOps::U*>(scratch)),
        units_(reinterpret_cast<FloatOps::Bit*>(scratch + words_bytes(*task.topology))),
        keys_(task.seed),
        machine_(shape, {task.parameters}, {task.parameters}, {}, units_) {}

  /// One vector of samples, from number `first` on, to column `first_column` of out.
  HWY_INLINE void generate(std::uint32_t first, std::size_t first_column,
                           const PackedPatterns& out) {
    draw(first);
    sample_network(step::Generative(), machine_, words_);
    const auto* const visible = units_ + shape_.unit_offset(shape_.last());
    const int units = shape_.size(shape_.last());
    for (int begin = 0; begin < units; begin += 32) {
      auto word = FloatOps::set_bits(0);
      const int end = std::min(begin + 32, units);
      for (int j = begin; j < end; ++j) word = hn::Or(word, bit_where(visible[j], j - begin));
      hn::Store(word, FloatOps::DU(),
                out.words + static_cast<std::size_t>(begin / 32) * out.stride + first_column);
    }
  }

 private:
  HWY_INLINE void draw(std::uint32_t first) {
    const auto numbers = hn::Iota(FloatOps::DU(), first);
    const auto end = task_.first_block + task_.topology->draws_per_sample() / 4;
    auto* words = words_;
    for (auto block = task_.first_block; block < end; ++block, words += 4) {
      const PhiloxRows rows(task_.seed, numbers, static_cast<std::uint32_t>(block >> 32U));
      philox_rows(PhiloxBlock(task_.seed, RandomPurpose::evaluation, block), rows, keys_, words);
    }
  }

  const Shape& shape_;
  const GeneratorTask& task_;
  FloatOps::U* words_;    ///< [draws_per_sample()]
  FloatOps::Bit* units_;  ///< [units()]
  PhiloxKeys keys_;
  WakeSleep<FloatOps, Shape, SharedParameters, NoPatterns> machine_;
};

template <class Shape>
HWY_NOINLINE void generate_with(const Shape& shape, const GeneratorTask& task, std::uint32_t first,
                                std::byte* scratch, const PackedPatterns& out) {
  Sampler<Shape> sampler(shape, task, scratch);
  for (std::size_t n = 0; n < out.stride; n += FloatOps::kLanes) {
    sampler.generate(first + static_cast<std::uint32_t>(n), n, out);
  }
}

void generate(const GeneratorTask& task, std::uint32_t first, std::byte* scratch,
              const PackedPatterns& out) {
  using Notebook = step::StaticShape<1, 6, 9>;
  if (step::same_sizes(Notebook(), task.topology->shape())) {
    generate_with(Notebook(), task, first, scratch, out);
  } else {
    generate_with(task.topology->shape(), task, first, scratch, out);
  }
}

std::size_t lanes() { return FloatOps::kLanes; }

std::size_t count_equal_words(const std::uint32_t* samples, std::size_t count,
                              std::uint32_t pattern) {
  const FloatOps::DU du;
  const auto wanted = FloatOps::set_bits(pattern);
  std::size_t equal = 0;
  const auto whole = count / FloatOps::kLanes * FloatOps::kLanes;
  for (std::size_t n = 0; n < whole; n += FloatOps::kLanes) {
    equal += hn::CountTrue(du, hn::Eq(hn::Load(du, samples + n), wanted));
  }
  for (std::size_t n = whole; n < count; ++n) equal += samples[n] == pattern ? 1 : 0;
  return equal;
}

}  // namespace
}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz {

HWY_EXPORT(lanes);
HWY_EXPORT(scratch_bytes);
HWY_EXPORT(generate);
HWY_EXPORT(count_equal_words);

std::size_t simd::sample_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }

std::size_t simd::sample_scratch_bytes(const Topology& topology) {
  return HWY_DYNAMIC_DISPATCH(scratch_bytes)(topology);
}

void simd::generate_samples(const GeneratorTask& task, std::uint32_t first, std::byte* scratch,
                            const PackedPatterns& out) {
  HWY_DYNAMIC_DISPATCH(generate)(task, first, scratch, out);
}

std::size_t simd::count_equal(const std::uint32_t* samples, std::size_t count,
                              std::uint32_t pattern) {
  return HWY_DYNAMIC_DISPATCH(count_equal_words)(samples, count, pattern);
}

}  // namespace helmholtz
#endif
