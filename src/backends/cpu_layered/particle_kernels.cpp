// What several particles of a batch row take.
#include "backends/cpu_layered/kernels.hpp"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu_layered/particle_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backends/cpu_layered/packed_tile-inl.hpp"
#include "backends/cpu_layered/tile_draws-inl.hpp"
#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

void sample_and_score_tile(const ConstMatrix& activities, const float* bias, const TileDraws& draws,
                           const PackedTile& units, float* scores) {
  Draws words_of(draws);
  const LogProbability<FloatOps> one(0);
  const auto end = draws.slot + activities.rows;
  for (std::size_t c = 0; c < activities.columns; c += kLanes) {
    LogProbability<FloatOps> own(static_cast<int>(activities.rows));
    for (auto block = draws.slot / 4; 4 * block < end; ++block) {
      const auto sample_block = [&](std::size_t, const FloatOps::U* words) HWY_ATTR {
        for (std::uint64_t i = 0; i < 4; ++i) {
          const auto j = 4 * block + i - draws.slot;  // wraps below the first slot
          if (j >= activities.rows) continue;
          const auto activity = FloatOps::load(activities.data + j * activities.stride + c);
          const auto a = clamped<FloatOps>(FloatOps::add(activity, FloatOps::set(bias[j])));
          const auto d = one_plus_exp_minus<FloatOps>(a);
          const auto on = fires<FloatOps>(d, words[i]);
          store_unit(on, j, c, units);
          own.add(a, d, FloatOps::bit(on));
        }
      };
      words_of.columns(block, c, HWY_MIN(c + kLanes, activities.columns), sample_block);
    }
    FloatOps::store(LogProbability<FloatOps>::log_ratio(one, own), scores + c);
  }
}

void subtract_and_score_tile(const PackedTile& targets, const Matrix& activities, const float* bias,
                             float* scores) {
  const LogProbability<FloatOps> one(0);
  for (std::size_t c = 0; c < activities.columns; c += kLanes) {
    LogProbability<FloatOps> own(static_cast<int>(activities.rows));
    for (std::size_t j = 0; j < activities.rows; ++j) {
      const auto k = j * activities.stride + c;
      const auto a = clamped<FloatOps>(
          FloatOps::add(FloatOps::load(activities.data + k), FloatOps::set(bias[j])));
      const auto d = one_plus_exp_minus<FloatOps>(a);
      const auto target = unit_of_columns(targets, j, c);
      own.add(a, d, target);
      FloatOps::store(FloatOps::sub(target, reciprocal<FloatOps>(d)), activities.data + k);
    }
    const auto log = LogProbability<FloatOps>::log_ratio(own, one);
    FloatOps::store(FloatOps::add(FloatOps::load(scores + c), log), scores + c);
  }
}

void scale_tile(const Matrix& errors, const float* weights) {
  for (std::size_t j = 0; j < errors.rows; ++j) {
    for (std::size_t c = 0; c < errors.columns; c += kLanes) {
      float* const error = errors.data + j * errors.stride + c;
      FloatOps::store(FloatOps::mul(FloatOps::load(error), FloatOps::load(weights + c)), error);
    }
  }
}

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz::cpu_layered::kernels {

HWY_EXPORT(sample_and_score_tile);
HWY_EXPORT(subtract_and_score_tile);
HWY_EXPORT(scale_tile);

void sample_and_score(const ConstMatrix& activities, const float* bias, const TileDraws& draws,
                      const PackedTile& units, float* scores) {
  HWY_DYNAMIC_DISPATCH(sample_and_score_tile)(activities, bias, draws, units, scores);
}

void subtract_and_score(const PackedTile& targets, const Matrix& activities, const float* bias,
                        float* scores) {
  HWY_DYNAMIC_DISPATCH(subtract_and_score_tile)(targets, activities, bias, scores);
}

void scale_columns(const Matrix& errors, const float* weights) {
  HWY_DYNAMIC_DISPATCH(scale_tile)(errors, weights);
}

}  // namespace helmholtz::cpu_layered::kernels
#endif
