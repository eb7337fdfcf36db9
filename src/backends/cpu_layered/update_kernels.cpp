// What becomes of parameters beside the products.
#include "backends/cpu_layered/kernels.hpp"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu_layered/update_kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/float_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE {

using namespace helmholtz::HWY_NAMESPACE;  // NOLINT: the operations of this instruction set

constexpr std::size_t kLanes = FloatOps::kLanes;

#define HELMHOLTZ_FN HWY_INLINE
#include "step/update.inl"
#undef HELMHOLTZ_FN

/// The first `count` lanes of a vector anywhere in memory; the others are 0.
HWY_INLINE FloatOps::F load_first(std::size_t count, const float* in) {
  if (count == kLanes) return hn::LoadU(FloatOps::D(), in);
  HWY_ALIGN float lanes[kLanes] = {};
  for (std::size_t i = 0; i < count; ++i) lanes[i] = in[i];
  return FloatOps::load(lanes);
}

HWY_INLINE void store_first(std::size_t count, FloatOps::F x, float* out) {
  if (count == kLanes) return hn::StoreU(x, FloatOps::D(), out);
  HWY_ALIGN float lanes[kLanes];
  FloatOps::store(x, lanes);
  for (std::size_t i = 0; i < count; ++i) out[i] = lanes[i];
}

/// The first `count` lanes of a vector of parameters follow their gradients.
HWY_INLINE void follow_vector(const step::Update& update, FloatOps::F rate, std::size_t count,
                              const float* gradient, float* parameters, float* mean,
                              float* square) {
  const auto g = load_first(count, gradient);
  auto w = load_first(count, parameters);
  auto m = load_first(count, mean);
  if (square == nullptr) {
    w = moved_by_momentum<FloatOps>(update, rate, w, g, m);
  } else {
    auto v = load_first(count, square);
    w = moved_by_adam<FloatOps>(update, rate, w, g, m, v);
    store_first(count, v, square);
  }
  store_first(count, m, mean);
  store_first(count, w, parameters);
}

void follow_tile(const step::Update& update, float rate, const ConstMatrix& gradient,
                 const Matrix& parameters, float* mean, float* square) {
  const auto rates = FloatOps::set(rate);
  for (std::size_t j = 0; j < parameters.rows; ++j) {
    for (std::size_t i = 0; i < parameters.columns; i += kLanes) {
      const auto k = j * parameters.stride + i;
      const auto count = HWY_MIN(kLanes, parameters.columns - i);
      follow_vector(update, rates, count, gradient.data + k, parameters.data + k, mean + k,
                    square == nullptr ? nullptr : square + k);
    }
  }
}

void clamp_tile(const Matrix& weights) {
  for (std::size_t j = 0; j < weights.rows; ++j) {
    float* const row = weights.data + j * weights.stride;
    for (std::size_t i = 0; i < weights.columns; ++i) row[i] = row[i] < 0.0F ? 0.0F : row[i];
  }
}

}  // namespace helmholtz::cpu_layered::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz::cpu_layered::kernels {

HWY_EXPORT(follow_tile);
HWY_EXPORT(clamp_tile);

void follow(const step::Update& update, float rate, const ConstMatrix& gradient,
            const Matrix& parameters, float* mean, float* square) {
  HWY_DYNAMIC_DISPATCH(follow_tile)(update, rate, gradient, parameters, mean, square);
}

void clamp_negative(const Matrix& weights) { HWY_DYNAMIC_DISPATCH(clamp_tile)(weights); }

}  // namespace helmholtz::cpu_layered::kernels
#endif
