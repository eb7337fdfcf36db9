// Which backend is chosen, and what each refuses before it looks for a device.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "backends/registry.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"
#include "support/random_data.hpp"
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

// Whoever does not know what an ensemble asks for names who does, whatever runs here.
TEST(Backends, SayWhoKnowsWhatTheyDoNot) {
  const auto usual = random_ensemble({2, 5, 12}, 1, 1);
  auto several = usual;
  several.particles = 5;
  auto awake = usual;
  awake.settings[0].rates.recognition_wake[0] = 0.1;
  auto adam = usual;
  adam.settings[0].optimizer = Optimizer::parse("adam");
  auto on_rows = usual;
  on_rows.world = data_world(testing::random_data(12, 3));
  on_rows.order = Order::epochs;
  auto grey = usual;
  grey.world = data_world(testing::grey_data(12, 3));
  auto simple = find_backend("reference");
  simple.features = {};
  EXPECT_EQ(simple.supports(usual), std::nullopt);
  const std::string all = "reference, cpu-fused, cpu-layered, cuda-fused, cuda-layered";
  EXPECT_EQ(simple.supports(several), "for particles 5: " + all);
  EXPECT_EQ(simple.supports(awake), "for lr-recognition-wake above 0: " + all);
  EXPECT_EQ(simple.supports(on_rows), "for order epochs: " + all);
  EXPECT_EQ(simple.supports(grey), "for binarize sample: " + all);
  const auto refused = find_backend("cpu-fused").supports(adam).value_or("");
  EXPECT_TRUE(refused.starts_with("for optimizer adam")) << refused;
  EXPECT_TRUE(refused.ends_with(": reference, cpu-layered, cuda-layered")) << refused;
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
