// Trains a thousand machines through the public headers and prints what the best one dreams.
#include <algorithm>
#include <cstdio>

#include <helmholtz/helmholtz.hpp>

int main() {
  auto trainer = helmholtz::make_trainer(
      helmholtz::make_ensemble(helmholtz::Topology({1, 6, 9}), helmholtz::make_world("kirby3x3"),
                               helmholtz::seed_range(0, 1000), {.rate = 0.05}));
  const auto kl_of_machine = &helmholtz::Evaluation::kl_exact;
  const auto before = trainer.evaluate();
  trainer.train(5000);
  const auto after = trainer.evaluate();
  const auto best = std::ranges::min_element(after, {}, kl_of_machine);
  const auto worst = std::ranges::max_element(after, {}, kl_of_machine);
  std::printf("KL(world || model) in nats: %.3f untrained; %.3f to %.3f after 5,000 steps\n",
              before.front().kl_exact, best->kl_exact, worst->kl_exact);

  const auto machine = static_cast<std::size_t>(best - after.begin());
  const auto patterns = trainer.sample(machine, 4);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    std::printf("%c%s", patterns[i] != 0 ? '#' : '.', i % 9 == 8 ? "\n" : "");
  }
  return worst->kl_exact < before.front().kl_exact - 1 ? 0 : 1;
}
