#include <helmholtz/helmholtz.hpp>
using namespace helmholtz;

int main() {
  auto trainer = make_trainer(make_ensemble(Topology({1, 6, 9}), make_world("kirby3x3"),
                                            seed_range(0, 1'000), {.rate = 0.05}));
  trainer.train(50'000);
  std::vector<Evaluation> now = trainer.evaluate({.samples = 10'000});  // one per machine
  auto patterns = trainer.sample(17, 20);                               // 20 patterns of machine 17

  SweepSpec spec;  // what `helmholtz sweep` does without flags
  spec.rates = {0.02, 0.05};
  Shard results = run_sweep(spec);       // in memory: results.column("kl_exact")
  RunDirectory("runs/b", spec).train();  // on disk, resumable
  Shard stored = open_run("runs/b").results();
}
