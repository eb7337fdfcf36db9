// Trains three machines through the public headers alone and prints how well each models its world.
#include <cstdio>

#include "helmholtz/trainer.hpp"

int main() {
  const helmholtz::Topology topology({1, 6, 9});
  helmholtz::Ensemble ensemble{
      .topology = topology,
      .world = helmholtz::make_world("kirby3x3"),
      .settings = {{.rates = helmholtz::LearningRateOptions{}.resolve(topology)}},
      .machines = {{.seed = 0}, {.seed = 1}, {.seed = 2}},
  };
  auto trainer = helmholtz::make_trainer(ensemble);
  const auto before = trainer.evaluate();
  trainer.train(5000);
  const auto after = trainer.evaluate();

  bool all_learned = true;
  for (std::size_t m = 0; m < after.size(); ++m) {
    std::printf("seed %zu: KL(world || model) from %.4f to %.4f nats\n", m, before[m].kl_exact,
                after[m].kl_exact);
    all_learned = all_learned && after[m].kl_exact < before[m].kl_exact - 1;
  }
  return all_learned ? 0 : 1;
}
