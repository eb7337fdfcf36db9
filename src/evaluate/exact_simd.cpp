#include "evaluate/exact_simd.hpp"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "evaluate/exact_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/double_ops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace helmholtz::HWY_NAMESPACE {
namespace {

#define HELMHOLTZ_FN HWY_INLINE
#include "evaluate/exact_layers.inl"
#undef HELMHOLTZ_FN

std::size_t lanes() { return DoubleOps::kLanes; }

void block(const ExactPlanView& plan, const double* parameters, const ExactMemory& memory,
           double* kl) {
  exact_log_q<DoubleOps>(plan, parameters, memory);
  DoubleOps::store(exact_kl<DoubleOps>(plan, parameters, memory.log_q), kl, 0);
}

}  // namespace
}  // namespace helmholtz::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace helmholtz {

HWY_EXPORT(lanes);
HWY_EXPORT(block);

std::size_t simd::exact_lanes() { return HWY_DYNAMIC_DISPATCH(lanes)(); }

void simd::exact_block(const ExactPlanView& plan, const double* parameters,
                       const ExactMemory& memory, double* kl) {
  HWY_DYNAMIC_DISPATCH(block)(plan, parameters, memory, kl);
}

}  // namespace helmholtz
#endif  // HWY_ONCE
