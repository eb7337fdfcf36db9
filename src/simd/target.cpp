#include "simd/target.hpp"

#include <array>
#include <cstdlib>

#include <hwy/highway.h>
#include <hwy/targets.h>

#include "helmholtz/error.hpp"

namespace helmholtz::simd {

namespace {

struct Target {
  std::string_view name;
  std::int64_t bits;
};

/// Best first; HWY_TARGETS holds those that were compiled.
constexpr std::array kTargets = {Target{"avx3", HWY_AVX3}, Target{"avx2", HWY_AVX2},
                                 Target{"neon", HWY_NEON},
                                 Target{"portable", HWY_EMU128 | HWY_SCALAR}};

/// What the CPU supports, before any restriction.
std::int64_t supported() {
  static const std::int64_t bits = hwy::SupportedTargets() & HWY_TARGETS;
  return bits;
}

}  // namespace

std::vector<std::string> available_targets() {
  std::vector<std::string> names;
  for (const auto& target : kTargets) {
    const bool compiled = (HWY_TARGETS & target.bits) != 0;
    const bool runs = (supported() & target.bits) != 0 || target.name == "portable";
    if (compiled && runs) names.emplace_back(target.name);
  }
  return names;
}

std::string target_name() {
  const auto bits = hwy::SupportedTargets() & HWY_TARGETS;
  for (const auto& target : kTargets) {
    if ((bits & target.bits) != 0) return std::string(target.name);
  }
  return "portable";
}

void force_target(std::string_view name) {
  supported();  // before the first restriction
  if (name.empty()) {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    return;
  }
  std::string allowed;
  for (const auto& available : available_targets()) {
    if (available == name) {
      for (const auto& target : kTargets) {
        if (target.name == name) hwy::SetSupportedTargetsForTest(target.bits & HWY_TARGETS);
      }
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
      return;
    }
    allowed += (allowed.empty() ? "" : ", ") + available;
  }
  throw InvalidArgument("HELMHOLTZ_SIMD", name, allowed);
}

void apply_environment() {
  static const bool applied = [] {
    const char* const name = std::getenv("HELMHOLTZ_SIMD");
    if (name != nullptr && *name != '\0') force_target(name);
    return true;
  }();
  static_cast<void>(applied);
}

}  // namespace helmholtz::simd
