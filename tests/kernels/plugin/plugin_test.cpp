// The plugin loads, says what it finds, and stays. CTest runs this under valgrind too.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "backends/cuda/plugin.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::plugin {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

bool is_loaded() {
  void* const library = dlopen(HELMHOLTZ_PLUGIN, RTLD_NOW | RTLD_NOLOAD);
  if (library != nullptr) dlclose(library);
  return library != nullptr;
}

// What unloads it destroys the devices' contexts, so nothing does.
TEST(Plugin, LoadsAnswersAndStays) {
  const helmholtz_plugin* functions = nullptr;
  for (int i = 0; i < 2; ++i) {
    {
      const auto plugin = Plugin::load();
      EXPECT_TRUE(i == 0 || &plugin->functions() == functions);
      functions = &plugin->functions();
      EXPECT_GE(functions->runtime_version, 12'000);
      try {
        EXPECT_THAT(plugin->describe(), HasSubstr("compute capability"));
      } catch (const NoDevice& error) {
        EXPECT_THAT(error.what(), HasSubstr("no device: "));
      }
    }
    EXPECT_TRUE(is_loaded());
  }
}

// No device is needed to open cuBLAS; where there is none, it is named.
TEST(Plugin, OpensCublasWhenItIsNeeded) {
  const auto plugin = Plugin::load();
  try {
    EXPECT_THAT(plugin->cublas(), MatchesRegex("1[23]\\.[0-9]+"));
  } catch (const NoDevice& error) {
    EXPECT_THAT(error.what(), HasSubstr("no cuBLAS: needed libcublasLt.so.1"));
  }
}

}  // namespace
}  // namespace helmholtz::plugin
