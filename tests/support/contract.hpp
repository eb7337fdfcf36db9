#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "backends/registry.hpp"
#include "base/text.hpp"
#include "helmholtz/trainer.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz::testing {

/// Whether HELMHOLTZ_REQUIRE_BACKENDS names it.
inline bool is_required(std::string_view backend) {
  const char* const names = std::getenv("HELMHOLTZ_REQUIRE_BACKENDS");
  if (names == nullptr) return false;
  const auto list = text::split(names, ',');
  return std::find(list.begin(), list.end(), backend) != list.end();
}

/// The cases of a suite that every backend runs, and their names.
inline std::vector<std::string> every_backend() {
  std::vector<std::string> names;
  for (const auto* const entry : all_backends()) names.emplace_back(entry->name);
  return names;
}
inline std::string backend_name(const ::testing::TestParamInfo<std::string>& backend) {
  auto name = backend.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// What every backend promises: a suite with a case a backend.
class Contract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto info = find_backend(GetParam()).info();
    if (info.available) return;
    if (is_required(info.name)) FAIL() << info.name << " is required: " << info.detail;
    GTEST_SKIP() << info.name << ": " << info.detail;
  }

  [[nodiscard]] std::vector<float> trained(const Ensemble& ensemble, std::uint64_t steps,
                                           int threads) const {
    auto trainer = make_trainer(ensemble, {.backend = GetParam(), .threads = threads});
    trainer.train(steps);
    return parameters_of(trainer, 0, ensemble.size());
  }
};

}  // namespace helmholtz::testing
