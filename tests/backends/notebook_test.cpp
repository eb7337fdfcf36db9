// The outside oracle: with NumPy's random stream, the reference backend prints what the notebook's
// own program printed (tests/data/notebook_numpy.jsonl).
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"

namespace helmholtz {
namespace {

Ensemble notebook_ensemble(const nlohmann::json& run) {
  Topology topology(run["layers"].get<std::vector<int>>());
  LearningRateOptions rates{
      .rate = run["lr"].get<double>(), .generative = {}, .recognition = {}, .per_layer = {}};
  return {.topology = topology,
          .world = make_world("kirby3x3"),
          .settings = {{.rates = rates.resolve(topology), .schedule = {}, .initialisation = {}}},
          .machines = {{.seed = run["seed"].get<std::uint64_t>(), .setting = 0}}};
}

TEST(Notebook, PrintsItsOwnDigits) {
  std::ifstream file(HELMHOLTZ_TEST_DATA "/notebook_numpy.jsonl");
  std::string line;
  int runs = 0;
  while (std::getline(file, line)) {
    const auto run = nlohmann::json::parse(line);
    auto trainer =
        make_trainer(notebook_ensemble(run),
                     {.backend = "reference", .threads = 1, .random = RandomScheme::numpy});
    for (std::size_t block = 0; block < run["blocks"].get<std::size_t>(); ++block) {
      trainer.train(run["steps"].get<std::uint64_t>());
      std::vector<Evaluation> evaluation(1);
      trainer.evaluate({.exact = true, .samples = run["samples"].get<std::uint64_t>()}, 0,
                       evaluation);
      EXPECT_NEAR(evaluation[0].kl_sampled, std::stod(run["hist"][block].get<std::string>()), 1e-9);
      EXPECT_NEAR(evaluation[0].kl_exact, std::stod(run["exact"][block].get<std::string>()), 1e-9);
    }
    ++runs;
  }
  EXPECT_EQ(runs, 2);
}

Trainer small_trainer(RandomScheme random) {
  const nlohmann::json run{{"layers", {1, 3, 9}}, {"lr", 0.05}, {"seed", 42}};
  return make_trainer(notebook_ensemble(run), {.backend = "reference", .random = random});
}

TEST(Notebook, GoesOnInItsStreamFromAStateThatWasKept) {
  auto trainer = small_trainer(RandomScheme::numpy);
  trainer.train(100);
  const auto state = trainer.numpy_state();
  ASSERT_TRUE(state.has_value());
  auto other = small_trainer(RandomScheme::numpy);
  other.write_numpy_state(*state);
  for (auto* const one : {&trainer, &other}) one->train(100);
  EXPECT_EQ(other.numpy_state()->parameters, trainer.numpy_state()->parameters);
  EXPECT_EQ(other.numpy_state()->engine, trainer.numpy_state()->engine);
}

TEST(Notebook, RefusesAStateThatIsNotItsOwn) {
  auto trainer = small_trainer(RandomScheme::numpy);
  const auto state = *trainer.numpy_state();
  const auto refused = [](Trainer& one, const NumpyState& wrong) -> std::string {
    try {
      one.write_numpy_state(wrong);
    } catch (const InvalidArgument& error) {
      return error.field();
    }
    return "accepted";
  };
  EXPECT_EQ(refused(trainer, {{1, 2}, state.engine}), "parameters");
  EXPECT_EQ(refused(trainer, {state.parameters, "5489 1"}), "rng");
  EXPECT_EQ(trainer.numpy_state()->engine, state.engine);
  auto philox = small_trainer(RandomScheme::philox);
  EXPECT_FALSE(philox.numpy_state().has_value());
  EXPECT_EQ(refused(philox, state), "rng");
}

}  // namespace
}  // namespace helmholtz
