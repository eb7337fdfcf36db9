#pragma once

#include <string_view>

#include "simd/target.hpp"

namespace helmholtz::testing {

/// Runs one instruction set until the end of the scope, then the best one again.
class ForcedTarget {
 public:
  explicit ForcedTarget(std::string_view name) {
    simd::apply_environment();  // or its first use would undo this
    simd::force_target(name);
  }
  ~ForcedTarget() { simd::force_target(""); }
  ForcedTarget(const ForcedTarget&) = delete;
  ForcedTarget& operator=(const ForcedTarget&) = delete;
};

}  // namespace helmholtz::testing
