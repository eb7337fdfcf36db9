// Machines that train together.
#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "data.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/machine_file.hpp"
#include "helmholtz/metrics.hpp"
#include "helmholtz/trainer.hpp"
#include "interruptible.hpp"

namespace helmholtz::python {

namespace {

using namespace nb::literals;
using Seeds = nb::ndarray<const std::uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Floats = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

/// A trainer that one thread at a time uses: others wait, without the GIL.
struct SharedTrainer {
  explicit SharedTrainer(Trainer&& own) : trainer(std::move(own)) {}

  Trainer trainer;
  std::mutex in_use;
};

/// What work(trainer) returns, without the GIL.
template <class Work>
auto with(SharedTrainer& shared, const Work& work) {
  const nb::gil_scoped_release without_gil;
  const std::lock_guard lock(shared.in_use);
  return work(shared.trainer);
}

/// How much work to do before signals are handled: as much as takes about 50 ms, learnt on the way.
class Pieces {
 public:
  [[nodiscard]] std::uint64_t next(std::uint64_t left) const { return std::min(size_, left); }

  template <class Work>
  void run(std::uint64_t count, const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    constexpr double kSeconds = 0.05;
    constexpr double kLargestGrowth = 4;
    const auto factor = std::min(kLargestGrowth, kSeconds / std::max(took.count(), 1e-9));
    if (factor < 1 || count == size_) {
      size_ = std::max<std::uint64_t>(
          1, static_cast<std::uint64_t>(static_cast<double>(count) * factor));
    }
  }

 private:
  std::uint64_t size_ = 1;
};

BatchReduction reduction_of(const std::string& name) {
  if (name == "sum") return BatchReduction::sum;
  if (name == "mean") return BatchReduction::mean;
  throw InvalidArgument("reduction", name, "sum, mean");
}

RandomScheme random_scheme_of(const std::string& name) {
  if (name == "philox") return RandomScheme::philox;
  if (name == "numpy") return RandomScheme::numpy;
  throw InvalidArgument("rng", name, "philox, numpy");
}

TrainerOptions options_of(const std::string& backend, int threads, std::vector<int> devices,
                          const std::string& math, const std::string& rng) {
  return {.backend = backend,
          .threads = threads,
          .devices = std::move(devices),
          .math = parse_matrix_math(math),
          .random = random_scheme_of(rng)};
}

std::unique_ptr<SharedTrainer> shared(Ensemble ensemble, const TrainerOptions& options) {
  const nb::gil_scoped_release without_gil;
  return std::make_unique<SharedTrainer>(make_trainer(std::move(ensemble), options));
}

std::unique_ptr<SharedTrainer> new_trainer(
    std::vector<int> layers, const World& world, const Seeds& seeds, double lr,
    std::optional<double> lr_generative, std::optional<double> lr_recognition,
    std::optional<double> lr_recognition_wake, std::vector<double> lr_layer, int batch,
    int particles, const std::string& order, const std::string& reduction, bool nonnegative,
    const std::string& schedule, const std::string& optimizer, const std::string& init,
    const std::string& backend, int threads, std::vector<int> devices, const std::string& math,
    const std::string& rng) {
  const LearningRateOptions rates{.rate = lr,
                                  .generative = lr_generative,
                                  .recognition = lr_recognition,
                                  .recognition_wake = lr_recognition_wake,
                                  .per_layer = std::move(lr_layer)};
  auto ensemble = make_ensemble(Topology(std::move(layers)), world,
                                std::span(seeds.data(), seeds.size()), rates);
  ensemble.batch = batch;
  ensemble.particles = particles;
  ensemble.order = parse_order(order);
  ensemble.reduction = reduction_of(reduction);
  ensemble.nonnegative = nonnegative;
  auto& setting = ensemble.settings.front();
  setting.schedule = Schedule::parse(schedule);
  setting.optimizer = Optimizer::parse(optimizer);
  setting.initialisation = Initialisation::parse(init);
  return shared(std::move(ensemble), options_of(backend, threads, std::move(devices), math, rng));
}

/// One that resumes a machine. @param world  its rows, where they are no part of the machine
std::unique_ptr<SharedTrainer> resumed(const SavedMachine& machine, const World* world,
                                       const std::string& backend, int threads) {
  auto ensemble = machine.ensemble;
  if (world != nullptr) ensemble.world = *world;
  auto trainer = shared(std::move(ensemble), {.backend = backend, .threads = threads});
  with(*trainer, [&](Trainer& own) {
    own.write_parameters(0, 1, machine.parameters);
    own.write_optimizer_state(0, machine.optimizer_state);
    own.set_step(machine.step);
  });
  return trainer;
}

void train(SharedTrainer& shared, std::uint64_t steps, const nb::object& advanced) {
  const auto taken = with(shared, [](const Trainer& trainer) { return trainer.step(); });
  if (steps > Trainer::kMaxSteps - taken) {
    throw InvalidArgument("steps", std::to_string(steps), "at most 10^12 in all");
  }
  Pieces pieces;
  for (auto left = steps; left > 0;) {
    const auto piece = pieces.next(left);
    with(shared, [&](Trainer& trainer) { pieces.run(piece, [&] { trainer.train(piece); }); });
    left -= piece;
    check_signals();
    if (!advanced.is_none()) advanced(piece);
  }
}

/// The columns of evaluations: the metrics that the options ask for, and `diverged`.
nb::dict columns_of(const std::vector<Evaluation>& evaluations, const EvaluationOptions& options,
                    const Ensemble& ensemble) {
  nb::dict columns;
  for (const auto* const metric : computed_metrics(options, ensemble.topology, ensemble.world)) {
    std::vector<double> values;
    for (const auto& evaluation : evaluations) values.push_back(evaluation.*metric->value);
    columns[nb::str(metric->name.data(), metric->name.size())] =
        to_numpy(std::move(values), {evaluations.size()});
  }
  auto* const diverged = new bool[evaluations.size()];
  const nb::capsule owner(diverged, [](void* p) noexcept { delete[] static_cast<bool*>(p); });
  std::ranges::transform(evaluations, diverged, &Evaluation::diverged);
  columns["diverged"] = NumpyArray<bool>(diverged, {evaluations.size()}, owner);
  return columns;
}

nb::dict evaluate(SharedTrainer& shared, bool exact, std::uint64_t samples, std::uint64_t particles,
                  const nb::object& rows) {
  EvaluationOptions options{.exact = exact, .samples = samples, .particles = particles};
  if (!rows.is_none()) {
    const auto units = shared.trainer.ensemble().topology.visible_units();
    options.rows = std::make_shared<const Rows>(bits_of(rows, "X", units));
  }
  std::vector<Evaluation> evaluations(shared.trainer.ensemble().size());
  run_interruptibly([&](Progress& progress) {
    options.stop_requested = [&] { return progress.stop.load(); };
    Pieces pieces;
    const std::lock_guard lock(shared.in_use);
    for (std::size_t first = 0; first < evaluations.size() && !progress.stop;) {
      const auto count = pieces.next(evaluations.size() - first);
      const auto out = std::span(evaluations).subspan(first, count);
      pieces.run(count, [&] { shared.trainer.evaluate(options, first, out); });
      first += count;
    }
  });
  return columns_of(evaluations, options, shared.trainer.ensemble());
}

std::vector<std::uint64_t> seeds_of(const Ensemble& ensemble) {
  std::vector<std::uint64_t> seeds;
  for (const auto& machine : ensemble.machines) seeds.push_back(machine.seed);
  return seeds;
}

NumpyArray<float> parameters(SharedTrainer& shared) {
  const auto& ensemble = shared.trainer.ensemble();
  std::vector<float> values(ensemble.size() * ensemble.topology.parameters());
  with(shared, [&](const Trainer& own) { own.read_parameters(0, ensemble.size(), values); });
  return to_numpy(std::move(values), {ensemble.size(), ensemble.topology.parameters()});
}

void write_parameters(SharedTrainer& shared, const Floats& values) {
  with(shared, [&](Trainer& own) {
    own.write_parameters(0, values.shape(0), {values.data(), values.size()});
  });
}

/// Every machine's, [machines x floats]: machines of one setting have states of one size.
NumpyArray<float> optimizer_states(SharedTrainer& shared) {
  const auto& ensemble = shared.trainer.ensemble();
  const auto floats = optimizer_state_floats(ensemble, 0);
  std::vector<float> values;
  with(shared, [&](const Trainer& own) {
    for (std::size_t m = 0; floats > 0 && m < ensemble.size(); ++m) {
      const auto state = own.optimizer_state(m);
      values.insert(values.end(), state.begin(), state.end());
    }
  });
  return to_numpy(std::move(values), {ensemble.size(), floats});
}

/// Parameters and place in the stream of a machine whose random numbers are NumPy's.
using NumpyPair = std::pair<std::vector<double>, std::string>;

std::optional<NumpyPair> numpy_state(SharedTrainer& shared) {
  auto state = with(shared, [](const Trainer& own) { return own.numpy_state(); });
  if (!state) return {};
  return NumpyPair(std::move(state->parameters), std::move(state->engine));
}

/// What training goes on from, as it was read.
void restore(SharedTrainer& shared, std::uint64_t step, const Floats& values, const Floats& states,
             std::optional<NumpyPair> numpy) {
  write_parameters(shared, values);
  with(shared, [&](Trainer& own) {
    for (std::size_t m = 0; states.size() > 0 && m < states.shape(0); ++m) {
      own.write_optimizer_state(m, {states.data() + m * states.shape(1), states.shape(1)});
    }
    if (numpy) own.write_numpy_state({std::move(numpy->first), std::move(numpy->second)});
    own.set_step(step);
  });
}

SavedMachine machine(SharedTrainer& shared, std::size_t m, const LoadedData* data) {
  return with(shared, [&](const Trainer& trainer) {
    return machine_of(trainer, m, data == nullptr ? DataSource{} : data->source);
  });
}

}  // namespace

void bind_trainer(nb::module_& m) {
  nb::class_<SharedTrainer>(m, "Trainer")
      .def("train", train, "steps"_a, "advanced"_a.none())
      .def("evaluate", evaluate, "exact"_a, "samples"_a, "particles"_a, "rows"_a.none())
      .def("machine", machine, "m"_a, "data"_a.none())
      .def("parameters", parameters)
      .def("write_parameters", write_parameters, "parameters"_a)
      .def("optimizer_states", optimizer_states)
      .def("numpy_state", numpy_state)
      .def("restore", restore, "step"_a, "parameters"_a, "optimizer_states"_a,
           "numpy_state"_a.none())
      .def_prop_ro("step",
                   [](SharedTrainer& shared) {
                     return with(shared, [](const Trainer& own) { return own.step(); });
                   })
      .def_prop_ro("layers",
                   [](const SharedTrainer& shared) {
                     return shared.trainer.ensemble().topology.layer_sizes();
                   })
      .def("seeds",
           [](const SharedTrainer& shared) {
             auto seeds = seeds_of(shared.trainer.ensemble());
             const auto count = seeds.size();
             return to_numpy(std::move(seeds), {count});
           })
      .def_prop_ro("size",
                   [](const SharedTrainer& shared) { return shared.trainer.ensemble().size(); })
      .def_prop_ro("backend", [](const SharedTrainer& shared) {
        return std::string(shared.trainer.backend());
      });
  m.def("new_trainer", new_trainer, "layers"_a, "world"_a, "seeds"_a, "lr"_a,
        "lr_generative"_a.none(), "lr_recognition"_a.none(), "lr_recognition_wake"_a.none(),
        "lr_layer"_a, "batch"_a, "particles"_a, "order"_a, "reduction"_a, "nonnegative"_a,
        "schedule"_a, "optimizer"_a, "init"_a, "backend"_a, "threads"_a, "devices"_a, "math"_a,
        "rng"_a);
  m.def("resumed", resumed, "machine"_a, "world"_a.none(), "backend"_a, "threads"_a);
}

}  // namespace helmholtz::python
