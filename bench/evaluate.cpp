// exact-kl/LAYERS, sampled-kl/LAYERS/samples:N — one thread; evaluate/LAYERS/threads:T — a trainer.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "cases.hpp"
#include "helmholtz/backend.hpp"

namespace helmholtz::bench {

namespace {

constexpr std::size_t kMachines = 256;
constexpr std::uint64_t kSamples = 10'000;

/// Trained machines, so that every pattern has a probability worth the name.
struct Trained {
  Ensemble ensemble;
  std::uint64_t step = 0;
  std::vector<float> parameters;  ///< [machines x parameters]
};

std::unique_ptr<Trainer> trainer_for(const std::string& layers, int threads) {
  constexpr std::uint64_t kSteps = 500;
  auto work = make_case(layers, 1);
  work.machines = kMachines;
  auto trainer = make_trainer("auto", make_ensemble(work), {.threads = threads});
  trainer->train(kSteps);
  return trainer;
}

Trained trained(const std::string& layers) {
  const auto trainer = trainer_for(layers, 1);
  Trained result{trainer->ensemble(), trainer->step(), {}};
  result.parameters.resize(kMachines * result.ensemble.topology.parameters());
  trainer->read_parameters(0, kMachines, result.parameters);
  return result;
}

std::span<const float> machine(const Trained& t, std::size_t m) {
  const auto parameters = t.ensemble.topology.parameters();
  return std::span(t.parameters).subspan(m * parameters, parameters);
}

void count_machines(benchmark::State& state, std::size_t machines) {
  using Counter = benchmark::Counter;
  state.counters["seconds_per_machine"] =
      Counter(static_cast<double>(machines), Counter::kIsIterationInvariantRate | Counter::kInvert);
}

/// The many-machine form must agree with the one-machine form, in double.
void verify_exact(const std::string& name, const Trained& t, const std::vector<double>& kl) {
  for (const std::size_t m : {std::size_t{0}, kMachines / 2, kMachines - 1}) {
    const double one = exact_distribution(t.ensemble.topology, t.ensemble.world, machine(t, m)).kl;
    if (std::isfinite(kl[m]) && std::abs(kl[m] - one) <= 1e-9) continue;
    abort_run(name, fmt::format("machine {}: KL {} instead of {}", m, kl[m], one));
  }
}

void run_exact(benchmark::State& state, const std::string& name, const std::string& layers) {
  const auto t = trained(layers);
  std::vector<double> kl(kMachines);
  const auto evaluate = [&] { exact_kl(t.ensemble.topology, t.ensemble.world, t.parameters, kl); };
  evaluate();
  verify_exact(name, t, kl);
  for (auto _ : state) evaluate();
  count_machines(state, kMachines);
}

/// Every sample is counted once, and the KL is that of the counts.
void verify_sampled(const std::string& name, const Trained& t, const SampledDistribution& got) {
  const auto counted = std::accumulate(got.counts.begin(), got.counts.end(), got.off_support);
  const auto expected = distribution_from_counts(t.ensemble.world, got.counts, kSamples);
  if (counted == kSamples && got.kl == expected.kl && !std::isnan(got.kl)) return;
  abort_run(name, fmt::format("{} of {} samples counted, KL {}", counted, kSamples, got.kl));
}

void run_sampled(benchmark::State& state, const std::string& name, const std::string& layers) {
  const auto t = trained(layers);
  const auto evaluate = [&](std::size_t m) {
    return sampled_distribution(t.ensemble.topology, t.ensemble.world, machine(t, m),
                                t.ensemble.machines[m].seed, t.step, kSamples);
  };
  verify_sampled(name, t, evaluate(0));
  std::size_t m = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(evaluate(m));
    m = (m + 1) % kMachines;
  }
  count_machines(state, 1);
}

void run_evaluate(benchmark::State& state, const std::string& name, int threads) {
  const auto trainer = trainer_for("1,6,9", threads);
  std::vector<Evaluation> out(kMachines);
  for (auto _ : state) trainer->evaluate({.exact = true, .samples = 0}, 0, out);
  const auto finite = [](const Evaluation& e) { return std::isfinite(e.kl_exact); };
  if (!std::all_of(out.begin(), out.end(), finite)) abort_run(name, "a KL is not finite");
  count_machines(state, kMachines);
}

template <class Run>
void register_one(const std::string& name, const Run& run) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [name, run](benchmark::State& state) { run(state, name); })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace

void register_evaluation() {
  for (const std::string layers : {"1,6,9", "1,8,16"}) {
    register_one("exact-kl/" + layers, [layers](auto& s, auto& n) { run_exact(s, n, layers); });
    register_one(fmt::format("sampled-kl/{}/samples:{}", layers, kSamples),
                 [layers](auto& s, auto& n) { run_sampled(s, n, layers); });
  }
  for (const int threads : thread_counts()) {
    register_one(fmt::format("evaluate/1,6,9/threads:{}", threads),
                 [threads](auto& s, auto& n) { run_evaluate(s, n, threads); });
  }
}

}  // namespace helmholtz::bench
