// exact-kl/LAYERS, sampled-kl/LAYERS/samples:N, log-likelihood/LAYERS/particles:K — one thread;
// evaluate/LAYERS/threads:T — a trainer.
// device/exact-kl/…, device/kl-quantiles/…, device/sampled-kl/… — all machines of an ensemble that
// fills a GPU.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "cases.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/log_likelihood.hpp"
#include "helmholtz/trainer.hpp"

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

Trainer trainer_for(const std::string& layers, int threads) {
  constexpr std::uint64_t kSteps = 500;
  auto work = make_case(layers, 1);
  work.machines = kMachines;
  auto trainer = make_trainer(make_ensemble(work), {.threads = threads});
  trainer.train(kSteps);
  return trainer;
}

Trained trained(const std::string& layers) {
  auto trainer = trainer_for(layers, 1);
  Trained result{trainer.ensemble(), trainer.step(), {}};
  result.parameters.resize(kMachines * result.ensemble.topology.parameters());
  trainer.read_parameters(0, kMachines, result.parameters);
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

void run_likelihood(benchmark::State& state, const std::string& name, const LikelihoodCase& c) {
  const auto work = make_case(c.layers, 1);
  auto trainer = make_trainer(make_ensemble(work), {.threads = 1});
  const auto w = trainer.parameters(0);
  const auto& world = trainer.ensemble().world;
  const PackedRows rows{world.words().first(c.rows() * world.words_per_pattern()),
                        world.words_per_pattern()};
  const auto estimate = [&] {
    return row_likelihoods(work.topology, w, rows, 1, {.particles = c.particles, .threads = 1});
  };
  const auto finite = [](const RowLikelihood& row) { return std::isfinite(row.log_likelihood); };
  if (!std::ranges::all_of(estimate(), finite)) abort_run(name, "a log-likelihood is not finite");
  for (auto _ : state) benchmark::DoNotOptimize(estimate());
  using Counter = benchmark::Counter;
  state.counters["particles_per_second"] =
      Counter(static_cast<double>(c.rows() * c.particles), Counter::kIsIterationInvariantRate);
}

void run_evaluate(benchmark::State& state, const std::string& name, int threads) {
  auto trainer = trainer_for("1,6,9", threads);
  std::vector<Evaluation> out(kMachines);
  for (auto _ : state) trainer.evaluate({.exact = true, .samples = 0}, 0, out);
  const auto finite = [](const Evaluation& e) { return std::isfinite(e.kl_exact); };
  if (!std::all_of(out.begin(), out.end(), finite)) abort_run(name, "a KL is not finite");
  count_machines(state, kMachines);
}

/// The first and the last machine must be what the CPU makes of them.
void verify_device(const std::string& name, const Trainer& trainer,
                   const EvaluationOptions& options, const std::vector<Evaluation>& out) {
  const auto& ensemble = trainer.ensemble();
  std::vector<float> parameters(ensemble.topology.parameters());
  for (const auto m : {std::size_t{0}, out.size() - 1}) {
    trainer.read_parameters(m, 1, parameters);
    std::vector<Evaluation> expected(1);
    evaluate_machines(ensemble, m, parameters, trainer.step(), options, expected);
    const auto& wanted = expected[0];
    const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    if (same(out[m].kl_exact, wanted.kl_exact) && same(out[m].kl_sampled, wanted.kl_sampled)) {
      continue;
    }
    abort_run(name, fmt::format("machine {}: KL {} and {} instead of {} and {}", m, out[m].kl_exact,
                                out[m].kl_sampled, wanted.kl_exact, wanted.kl_sampled));
  }
}

/// Machines that fill a GPU, or nothing where there is none.
std::optional<Trainer> device_trainer(benchmark::State& state, const std::string& layers) {
  constexpr std::size_t kFull = std::size_t{1} << 20U;
  constexpr const char* kBackend = "cuda-fused";
  for (const auto& backend : list_backends()) {
    if (backend.name == kBackend && !backend.available) {
      state.SkipWithError(backend.detail.c_str());
      return {};
    }
  }
  auto trainer =
      make_trainer(make_ensemble({Topology::parse(layers), 1, kFull}), {.backend = kBackend});
  trainer.train(500);
  return trainer;
}

void run_device(benchmark::State& state, const std::string& name, const std::string& layers,
                const EvaluationOptions& options) {
  auto trainer = device_trainer(state, layers);
  if (!trainer) return;
  std::vector<Evaluation> out(trainer->ensemble().size());
  trainer->evaluate(options, 0, out);
  verify_device(name, *trainer, options, out);
  for (auto _ : state) trainer->evaluate(options, 0, out);
  count_machines(state, out.size());
}

void run_device_quantiles(benchmark::State& state, const std::string& name,
                          const std::string& layers) {
  auto trainer = device_trainer(state, layers);
  if (!trainer) return;
  std::vector<Evaluation> out(trainer->ensemble().size());
  trainer->evaluate({.exact = true, .samples = 0}, 0, out);
  double largest = 0;
  for (const auto& evaluation : out) largest = std::max(largest, evaluation.kl_exact);
  const std::vector probabilities = {0.05, 0.5, 1.0};
  std::vector<double> quantiles;
  for (auto _ : state) quantiles = trainer->kl_quantiles(probabilities);
  if (quantiles.back() != largest) abort_run(name, "the largest quantile is not the largest KL");
  count_machines(state, out.size());
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
  for (const auto& c : likelihood_cases()) {
    register_one("log-likelihood/" + c.name(), [c](auto& s, auto& n) { run_likelihood(s, n, c); });
  }
  for (const int threads : thread_counts()) {
    register_one(fmt::format("evaluate/1,6,9/threads:{}", threads),
                 [threads](auto& s, auto& n) { run_evaluate(s, n, threads); });
  }
}

void register_device_evaluation() {
  for (const std::string layers : {"1,6,9", "1,8,16"}) {
    register_one("device/exact-kl/" + layers, [layers](auto& s, auto& n) {
      run_device(s, n, layers, {.exact = true, .samples = 0});
    });
    register_one("device/kl-quantiles/" + layers,
                 [layers](auto& s, auto& n) { run_device_quantiles(s, n, layers); });
    register_one(fmt::format("device/sampled-kl/{}/samples:{}", layers, kSamples),
                 [layers](auto& s, auto& n) {
                   run_device(s, n, layers, {.exact = false, .samples = kSamples});
                 });
  }
}

}  // namespace helmholtz::bench
