// Sweeps, and the results of machines that are done.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "data.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/machine_file.hpp"
#include "helmholtz/metrics.hpp"
#include "helmholtz/run_directory.hpp"
#include "helmholtz/summary.hpp"
#include "interruptible.hpp"

namespace helmholtz::python {

namespace {

using namespace nb::literals;

/// Machines of a sweep that are done.
struct Results {
  explicit Results(SweepSpec own_spec)
      : spec(std::move(own_spec)), shard(0, 0, spec.evaluations(), spec.evaluation_options()) {}

  SweepSpec spec;
  Shard shard;
  std::vector<std::uint64_t> machines = {};  ///< the number of each row of `shard`

  void append(const Shard& later) {
    for (std::uint64_t k = 0; k < later.machines(); ++k) machines.push_back(later.first + k);
    shard.append(later);
  }
};

class Collector final : public ShardSink {
 public:
  explicit Collector(Results& results) : results_(results) {}
  void write(const Shard& shard) override { results_.append(shard); }

 private:
  Results& results_;
};

SweepOptions options_for(Progress& progress, double done_before = 0) {
  return {.stop_requested = [&progress] { return progress.stop.load(); },
          .progress =
              [&progress, done_before](const SweepProgress& now) {
                progress.done = done_before + now.machine_steps;
              }};
}

/// A sweep of what TOML says; a world or a data set, if given, is none that TOML can name.
SweepSpec spec_of(const std::string& toml, const World* world, const LoadedData* data) {
  auto spec =
      data == nullptr ? SweepSpec::from_toml(toml) : SweepSpec::from_toml(toml, data->dataset);
  if (data != nullptr) spec.data = data->source;
  if (world != nullptr) spec.world = *world;
  return spec;
}

Results run_in_memory(const SweepSpec& spec, const nb::object& advanced) {
  Results results(spec);
  run_interruptibly(
      [&](Progress& progress) { results.append(run_sweep(spec, options_for(progress))); },
      advanced);
  return results;
}

/// Trains what is missing; sums up a sweep that is complete. A shard that is found to be bad only
/// then is trained again.
void complete(RunDirectory& directory, const SweepSpec& spec, Progress& progress) {
  while (true) {
    const auto outcome = directory.train(options_for(progress, progress.done));
    if (outcome.stopped || !directory.is_complete()) return;
    Results results(spec);
    Collector collector(results);
    if (!directory.read(collector)) continue;
    directory.write_summary(summary_csv(spec, results.shard));
    return;
  }
}

/// @return what the user should know
std::vector<std::string> run_in_directory(const SweepSpec& spec, const std::filesystem::path& path,
                                          std::pair<std::uint64_t, std::uint64_t> part,
                                          const nb::object& advanced) {
  std::vector<std::string> warnings;
  run_interruptibly(
      [&](Progress& progress) {
        RunDirectory directory(path, spec, {.k = part.first, .n = part.second},
                               [&](const std::string& text) { warnings.push_back(text); });
        // What is there already counts as done.
        progress.done = static_cast<double>(directory.machines_done() * spec.steps);
        complete(directory, spec, progress);
      },
      advanced);
  return warnings;
}

/// Creates a directory, or opens it to resume.
/// @return machines of one shard, and the shards that are missing
std::pair<std::uint64_t, std::vector<std::uint64_t>> missing_shards(
    const SweepSpec& spec, const std::filesystem::path& path) {
  const nb::gil_scoped_release without_gil;
  const RunDirectory directory(path, spec);
  std::vector<std::uint64_t> missing;
  for (std::uint64_t i = 0; i < directory.shards(); ++i) {
    if (directory.wants(i)) missing.push_back(i);
  }
  return {directory.shard_machines(), std::move(missing)};
}

/// Deals one shard, to the first thread that asks.
decltype(SweepOptions::deal) dealing(std::uint64_t shard) {
  const auto is_taken = std::make_shared<std::atomic<bool>>(false);
  return [shard, is_taken](std::uint64_t, const auto&) -> std::optional<ShardRange> {
    if (is_taken->exchange(true)) return std::nullopt;
    return ShardRange{.first = shard, .count = 1};
  };
}

/// Trains one shard of a directory, unless it is there. Others may train it at the same time: where
/// threads of this process train several, the first that ends takes the others' locks along. So the
/// shard is dealt, which makes its file one that has rivals.
/// @param spec  its own; how many threads train decides no result
void run_shard(SweepSpec spec, const std::filesystem::path& path, std::uint64_t shard,
               int threads) {
  spec.threads = threads;
  run_interruptibly([&](Progress& progress) {
    const SweepPart part{.k = shard, .n = open_run(path).shards()};
    RunDirectory directory(path, spec, part);
    auto options = options_for(progress);
    if (directory.wants(shard)) options.deal = dealing(shard);
    directory.train(options);
  });
}

SweepSpec spec_of_directory(const std::filesystem::path& path) {
  const nb::gil_scoped_release without_gil;
  return SweepSpec::from_toml_file(path / "config.toml");
}

Results results_of(const std::filesystem::path& path) {
  const nb::gil_scoped_release without_gil;
  const auto run = open_run(path);
  Results results(run.spec());
  for (std::uint64_t i = 0; i < run.shards(); ++i) {
    if (run.is_done(i)) results.append(run.read(i));
  }
  return results;
}

/// What a configuration is made of, as TOML has it.
nb::dict settings_of(const Results& results, std::uint64_t c) {
  const auto configuration = results.spec.configuration(c);
  nb::dict settings;
  settings["layers"] = results.spec.topologies[configuration.topology].to_string();
  settings["lr"] = configuration.rate;
  settings["batch"] = configuration.batch;
  settings["particles"] = configuration.particles;
  settings["schedule"] = configuration.setting.schedule.to_string();
  settings["optimizer"] = configuration.setting.optimizer.to_string();
  settings["init"] = configuration.setting.initialisation.to_string();
  return settings;
}

std::vector<std::string> metric_names_of(const Results& results) {
  std::vector<std::string> names;
  const auto all = metrics();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!results.shard.values[i].empty()) names.emplace_back(all[i].name);
  }
  return names;
}

/// A copy: results may be dropped before their columns are.
NumpyArray<double> column(const Results& results, const std::string& metric) {
  auto values = results.shard.column(metric);
  return to_numpy(std::move(values), {results.machines.size(), results.shard.evaluations});
}

std::vector<std::uint64_t> steps_of(const Results& results) {
  std::vector<std::uint64_t> steps;
  for (std::uint64_t e = 0; e < results.spec.evaluations(); ++e) {
    steps.push_back(results.spec.evaluation_step(e));
  }
  return steps;
}

template <class T>
NumpyArray<T> copy_of(const std::vector<T>& values) {
  auto copy = values;
  return to_numpy(std::move(copy), {values.size()});
}

/// Whether the last evaluation found now is the recorded one; a NaN equals a NaN.
bool is_same(const Results& results, std::uint64_t row, const Evaluation& found) {
  const auto was = results.shard.evaluation(row, results.shard.evaluations - 1);
  Shard again(0, 1, 1, results.spec.evaluation_options());
  again.set_evaluation(0, 0, found);
  const auto now = again.evaluation(0, 0);
  return now.diverged == was.diverged && std::ranges::all_of(metrics(), [&](const Metric& metric) {
           const double a = now.*metric.value;
           const double b = was.*metric.value;
           return a == b || (std::isnan(a) && std::isnan(b));
         });
}

void require_same(const Results& results, std::uint64_t machine, const Evaluation& found) {
  const auto at = std::ranges::find(results.machines, machine);
  if (at == results.machines.end()) return;
  if (is_same(results, static_cast<std::uint64_t>(at - results.machines.begin()), found)) return;
  throw BadData("machine " + std::to_string(machine), "was recorded with another result");
}

/// Trains one machine again, from nothing but its number.
SavedMachine replay(const Results& results, std::uint64_t machine, const nb::object& advanced) {
  auto spec = results.spec;
  if (machine >= spec.machines()) {
    throw InvalidArgument("machine", std::to_string(machine),
                          "0 to " + std::to_string(spec.machines() - 1));
  }
  std::optional<SavedMachine> replayed;
  run_interruptibly(
      [&](Progress& progress) {
        if (spec.data.files.any()) spec.load_data();
        const auto kind = spec.configuration(spec.machine(machine).configuration);
        auto trainer =
            make_trainer(spec.ensemble(std::span(&machine, 1)), spec.trainer_options(kind));
        const auto piece = std::max<std::uint64_t>(1, spec.steps / 1000);
        while (trainer.step() < spec.steps && !progress.stop) {
          trainer.train(std::min(piece, spec.steps - trainer.step()));
          progress.done = static_cast<double>(trainer.step());
        }
        if (progress.stop) return;
        require_same(results, machine, trainer.evaluate(spec.evaluation_options()).front());
        replayed = machine_of(trainer, spec.data);
      },
      advanced);
  return *std::move(replayed);
}

std::map<std::string, double> estimate(const SweepSpec& spec, double seconds) {
  SweepEstimate found;
  run_interruptibly([&](Progress& progress) {
    found = estimate_sweep(spec, seconds, [&] { return progress.stop.load(); });
  });
  return {{"seconds", found.seconds},
          {"machine_steps_per_second", found.machine_steps_per_second},
          {"device_bytes", found.device_bytes}};
}

}  // namespace

void bind_sweep(nb::module_& m) {
  nb::class_<SweepSpec>(m, "SweepSpec")
      .def_prop_ro("machines", &SweepSpec::machines)
      .def_prop_ro("configurations", &SweepSpec::configurations)
      .def_ro("steps", &SweepSpec::steps)
      .def("validate",
           [](const SweepSpec& spec) {
             const nb::gil_scoped_release without_gil;
             spec.validate();
           })
      .def("to_toml", &SweepSpec::to_toml)
      .def("estimate", estimate, "seconds"_a)
      .def("run_in_memory", run_in_memory, "advanced"_a.none())
      .def("run_in_directory", run_in_directory, "path"_a, "part"_a, "advanced"_a.none())
      .def("missing_shards", missing_shards, "path"_a)
      .def("run_shard", run_shard, "path"_a, "shard"_a, "threads"_a);
  m.def("sweep_spec", spec_of, "toml"_a, "world"_a.none(), "data"_a.none());
  m.def("spec_of_directory", spec_of_directory, "path"_a);

  nb::class_<Results>(m, "Results")
      .def("machines", [](const Results& r) { return copy_of(r.machines); })
      .def("seeds", [](const Results& r) { return copy_of(r.shard.seeds); })
      .def("configurations", [](const Results& r) { return copy_of(r.shard.configurations); })
      .def("steps", [](const Results& r) { return copy_of(steps_of(r)); })
      .def_prop_ro("size", [](const Results& r) { return r.machines.size(); })
      .def_prop_ro("total", [](const Results& r) { return r.spec.machines(); })
      .def_prop_ro("configuration_count", [](const Results& r) { return r.spec.configurations(); })
      .def("settings", settings_of, "configuration"_a)
      .def_prop_ro("metrics", metric_names_of)
      .def("column", column, "metric"_a)
      .def("to_toml", [](const Results& r) { return r.spec.to_toml(); })
      .def("summary_csv", [](const Results& r) { return summary_csv(r.spec, r.shard); })
      .def("replay", replay, "machine"_a, "advanced"_a.none());
  m.def("results_of", results_of, "path"_a);
}

}  // namespace helmholtz::python
