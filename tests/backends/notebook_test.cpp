// The outside oracle: with NumPy's random stream, the reference backend prints what the notebook's
// own program printed (tests/data/notebook_numpy.jsonl).
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace helmholtz
