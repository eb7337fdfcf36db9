// train/BACKEND/LAYERS/batch:B[/particles:K]/threads:T — training steps of all machines of an
// ensemble.
// train/BACKEND/LAYERS/batch:B[/particles:K]/machines:M/threads:T — the same for what --train asks
// for.
// choose/BACKEND/LAYERS/batch:B/machines:M — the same on one thread, where `auto` has to choose.
// device/train/BACKEND/LAYERS/batch:B[/particles:K]/machines:M[/math:X] — the same for ensembles
// that fill a GPU.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "backends/registry.hpp"
#include "cases.hpp"
#include "helmholtz/backends.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"

namespace helmholtz::bench {

namespace {

/// The trainer of the benchmark that runs now: built and verified once, however often Google
/// Benchmark calls the benchmark to settle on a number of iterations.
struct Current {
  std::string name;
  std::optional<Trainer> trainer;
};

struct Training {
  std::string name;
  BackendInfo backend;
  Case work;
  int threads = 1;
  std::uint64_t steps = 0;  ///< a call; 0: so many that it takes some milliseconds of a CPU
  MatrixMath math = MatrixMath::fp32;
};

/// The oracle is scalar: a few machines say as much about it as a thousand.
constexpr std::size_t kReferenceMachines = 4;

std::vector<float> parameters_of(const Trainer& trainer, std::size_t m) {
  std::vector<float> parameters(trainer.ensemble().topology.parameters());
  trainer.read_parameters(m, 1, parameters);
  return parameters;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double squares = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double difference = static_cast<double>(a[k]) - static_cast<double>(b[k]);
    squares += difference * difference;
  }
  return std::sqrt(squares);
}

/// The exact class must have the reference's bits. The tolerant class must have moved as the
/// reference did after one step, but for a tenth of the way: rounding may flip a draw, and with it
/// a part of one row of the batch.
void verify_machine(const Training& training, const std::vector<float>& start,
                    const std::vector<float>& expected, const std::vector<float>& got) {
  if (training.backend.exact) {
    if (parameters_digest(got) == parameters_digest(expected)) return;
    abort_run(training.name, "parameters differ from the reference's");
  }
  const double error = distance(got, expected) / distance(start, expected);
  if (error <= 0.1) return;
  abort_run(training.name, fmt::format("a step differs from the reference's by {} of it", error));
}

/// Compares the first and the last machine with the reference, which trains just these two: what
/// a machine becomes does not depend on its neighbours.
void verify(const Training& training, Trainer& trainer) {
  const std::uint64_t steps = training.backend.exact ? 3 : 1;
  auto ensemble = trainer.ensemble();
  ensemble.machines = {ensemble.machines.front(), ensemble.machines.back()};
  auto reference = make_trainer(std::move(ensemble), {.backend = "reference"});
  const std::vector starts = {parameters_of(reference, 0), parameters_of(reference, 1)};
  reference.train(steps);
  trainer.train(steps);
  verify_machine(training, starts[0], parameters_of(reference, 0), parameters_of(trainer, 0));
  verify_machine(training, starts[1], parameters_of(reference, 1),
                 parameters_of(trainer, trainer.ensemble().size() - 1));
}

/// Steps a call, so that a call takes some milliseconds and its own cost does not show.
std::uint64_t steps_per_call(const Case& c) {
  constexpr std::size_t kWork = std::size_t{1} << 26;
  const auto rows = static_cast<std::size_t>(c.batch) * static_cast<std::size_t>(c.particles);
  const auto step = c.machines * c.topology.parameters() * rows;
  return std::clamp<std::uint64_t>(kWork / step, 1, 256);
}

bool is_oracle(const BackendInfo& backend) {
  return find_backend(backend.name).strategy == Strategy::scalar;
}

void run(benchmark::State& state, const Training& training, Current& current) {
  if (!training.backend.available) return state.SkipWithError(training.backend.detail.c_str());
  if (current.name != training.name) {
    current.trainer.reset();
    current.trainer = make_trainer(
        make_ensemble(training.work),
        {.backend = training.backend.name, .threads = training.threads, .math = training.math});
    verify(training, *current.trainer);
    current.name = training.name;
  }
  const auto steps = training.steps > 0 ? training.steps : steps_per_call(training.work);
  for (auto _ : state) current.trainer->train(steps);
  const auto machine_steps = static_cast<double>(steps * training.work.machines);
  state.counters["machine_steps_per_second"] =
      benchmark::Counter(machine_steps, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["machines"] = static_cast<double>(training.work.machines);
}

/// "1,6,9/batch:1/particles:5"
std::string text_of(const Case& work) {
  const auto particles = work.particles > 1 ? fmt::format("/particles:{}", work.particles) : "";
  return fmt::format("{}/batch:{}{}", work.topology.to_string(), work.batch, particles);
}

void register_one(Training training, const std::shared_ptr<Current>& current) {
  if (is_oracle(training.backend)) training.work.machines = kReferenceMachines;
  benchmark::RegisterBenchmark(
      training.name.c_str(),
      [training, current](benchmark::State& state) { run(state, training, *current); })
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

void register_one(const BackendInfo& backend, const Case& work, int threads,
                  const std::shared_ptr<Current>& current) {
  if (find_backend(backend.name).supports(make_ensemble(work))) return;
  register_one({.name = fmt::format("train/{}/{}/threads:{}", backend.name, text_of(work), threads),
                .backend = backend,
                .work = work,
                .threads = threads},
               current);
}

}  // namespace

/// All cases on one thread; then each backend over the cores on what it is for: many small
/// machines, or a few large ones.
void register_training() {
  const auto current = std::make_shared<Current>();
  for (const auto& backend : list_backends()) {
    for (const auto& work : training_cases()) register_one(backend, work, 1, current);
  }
  for (const auto& backend : list_backends()) {
    for (const int threads : thread_counts()) {
      if (threads == 1 || is_oracle(backend)) continue;
      const auto work = backend.exact ? make_case("1,6,9", 1) : make_case("10,100,200,784", 256);
      register_one(backend, work, threads, current);
    }
  }
}

void register_training(std::string_view flag) {
  constexpr std::string_view kForm = "BACKEND/LAYERS/batch:B[/particles:K]/machines:M/threads:T";
  const std::string text(flag);
  std::smatch match;
  const std::regex form(
      "([a-z-]+)/([0-9,]+)/batch:([0-9]{1,6})(/particles:([0-9]{1,4}))?/machines:([0-9]{1,8})"
      "/threads:([0-9]{1,4})");
  if (!std::regex_match(text, match, form)) throw InvalidArgument("train", flag, kForm);
  const auto backends = list_backends();
  const auto backend = std::find_if(backends.begin(), backends.end(),
                                    [&](const BackendInfo& b) { return b.name == match[1]; });
  if (backend == backends.end()) throw InvalidArgument("train", flag, kForm);
  register_one({.name = "train/" + text,
                .backend = *backend,
                .work = {.topology = Topology::parse(match[2].str()),
                         .batch = std::stoi(match[3]),
                         .machines = std::stoul(match[6]),
                         .particles = match[5].matched ? std::stoi(match[5]) : 1},
                .threads = std::stoi(match[7])},
               std::make_shared<Current>());
}

void register_choice() {
  const auto current = std::make_shared<Current>();
  for (const auto& work : choice_cases()) {
    for (const auto& backend : list_backends()) {
      if (is_oracle(backend)) continue;
      register_one({.name = fmt::format("choose/{}/{}/machines:{}", backend.name, text_of(work),
                                        work.machines),
                    .backend = backend,
                    .work = work},
                   current);
    }
  }
}

/// Many small machines for the fused strategy, few large ones for the layered one; growing numbers
/// of the notebook's machines show what it takes to fill a device.
void register_device_training() {
  const auto current = std::make_shared<Current>();
  const auto add = [&](const BackendInfo& backend, const Case& work, std::uint64_t steps,
                       MatrixMath math = MatrixMath::fp32) {
    const auto other = math == MatrixMath::fp32 ? "" : fmt::format("/math:{}", to_string(math));
    register_one({.name = fmt::format("device/train/{}/{}/machines:{}{}", backend.name,
                                      text_of(work), work.machines, other),
                  .backend = backend,
                  .work = work,
                  .threads = 0,
                  .steps = steps,
                  .math = math},
                 current);
  };
  for (const auto& backend : list_backends()) {
    const auto& entry = find_backend(backend.name);
    if (!entry.on_gpu) continue;
    if (entry.strategy == Strategy::fused) {
      for (const std::size_t machines : {1U << 10U, 1U << 14U, 1U << 17U, 1U << 20U}) {
        add(backend, {Topology({1, 6, 9}), 1, machines}, 4'096);
      }
      add(backend, {Topology({1, 4, 9}), 1, 1U << 20U}, 4'096);
      add(backend, {Topology({1, 8, 16}), 1, 1U << 18U}, 4'096);
      add(backend, {Topology({1, 6, 9}), 16, 1U << 18U}, 256);
      add(backend, {Topology({1, 6, 9}), 1, 1U << 18U, 5}, 1'024);
      add(backend, {Topology({8, 16, 32, 64}), 1, 1U << 16U}, 256);
    } else {
      add(backend, {Topology({8, 16, 32, 64}), 256, 256}, 16);
      for (const auto math : {MatrixMath::fp32, MatrixMath::tf32, MatrixMath::bf16x3}) {
        add(backend, {Topology({10, 100, 200, 784}), 256, 8}, 16, math);
        add(backend, {Topology({10, 100, 200, 784}), 1'024, 1}, 64, math);
        add(backend, {Topology({10, 100, 200, 784}), 1'024, 8}, 16, math);
        add(backend, {Topology({200, 784}), 100, 1, 10}, 64, math);
        add(backend, {Topology({200, 784}), 100, 64, 10}, 16, math);
      }
    }
  }
}

}  // namespace helmholtz::bench
