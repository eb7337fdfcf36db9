// Which backend is chosen, and what each refuses before it looks for a device.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "backends/registry.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"
#include "support/random_ensemble.hpp"

namespace helmholtz {
namespace {

using testing::random_ensemble;

TEST(Auto, LooksAtTopologyAndBatchNeverAtTheNumberOfMachines) {
  EXPECT_EQ(choose_backend(random_ensemble({1, 6, 9}, 1024, 1)), "cpu-fused");
  EXPECT_EQ(choose_backend(random_ensemble({8, 16, 32, 64}, 4, 1)), "cpu-fused");
  EXPECT_EQ(choose_backend(random_ensemble({8, 16, 32, 64}, 16, 1)), "cpu-layered");
  EXPECT_EQ(choose_backend(random_ensemble({16, 64, 128}, 1, 1)), "cpu-fused");
  EXPECT_EQ(choose_backend(random_ensemble({16, 64, 128}, 16, 40)), "cpu-layered");
  EXPECT_EQ(choose_backend(random_ensemble({10, 100, 200, 784}, 1, 40)), "cpu-layered");
}

TEST(Backends, SayWhatTheyDoNotSupportBeforeTheyLookForADevice) {
  auto ensemble = random_ensemble({1, 65'536}, 262'112, 1);
  EXPECT_EQ(find_backend("cuda-layered").supports(ensemble), std::nullopt);
  ++ensemble.batch;
  EXPECT_EQ(find_backend("cpu-layered").supports(ensemble), std::nullopt);
  try {
    make_trainer(std::move(ensemble), {.backend = "cuda-layered"});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.field(), "backend");
    EXPECT_NE(std::string(error.what()).find("takes 1 to 262112"), std::string::npos)
        << error.what();
  }
}

// Whoever cannot train by reweighted wake-sleep names who can, whatever runs here.
TEST(Backends, SayWhetherTheyKnowReweightedWakeSleep) {
  const auto usual = random_ensemble({2, 5, 12}, 1, 1);
  auto several = usual;
  several.particles = 5;
  auto awake = usual;
  awake.settings[0].rates.recognition_wake[0] = 0.1;
  for (const auto& info : list_backends()) {
    const auto& entry = find_backend(info.name);
    EXPECT_EQ(entry.supports(usual), std::nullopt) << info.name;
    const auto refused = entry.supports(several).value_or("for particles 5: ");
    EXPECT_TRUE(refused.starts_with("for particles 5: ")) << refused;
    EXPECT_EQ(refused.find(info.name), std::string::npos) << refused;
    const auto asleep = entry.supports(awake).value_or("for lr-recognition-wake above 0: ");
    EXPECT_TRUE(asleep.starts_with("for lr-recognition-wake above 0: ")) << asleep;
    EXPECT_EQ(entry.supports(several).has_value(), !entry.features.particles);
    EXPECT_EQ(entry.supports(awake).has_value(), !entry.features.particles);
  }
  EXPECT_EQ(find_backend(choose_backend(several)).supports(several), std::nullopt);
}

TEST(Backends, UnknownOnesAreRefusedWithTheNearestName) {
  try {
    make_trainer(random_ensemble({1, 2}, 1, 1), {.backend = "cpu-fusd"});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.field(), "backend");
    EXPECT_NE(std::string(error.what()).find("did you mean cpu-fused?"), std::string::npos);
  }
}

}  // namespace
}  // namespace helmholtz
