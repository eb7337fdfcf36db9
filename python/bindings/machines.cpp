// One trained machine, with all that resumes its training.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/evaluation.hpp"
#include "helmholtz/machine_file.hpp"
#include "interruptible.hpp"

namespace helmholtz::python {

namespace {

using namespace nb::literals;
using Handle = nb::handle_t<SavedMachine>;
using LayerArrays = std::pair<NumpyArray<const float>, NumpyArray<const float>>;

const Topology& topology_of(const SavedMachine& machine) { return machine.ensemble.topology; }
std::uint64_t seed_of(const SavedMachine& machine) {
  return machine.ensemble.machines.front().seed;
}

/// Estimators need parameters that are finite.
void require_finite(const SavedMachine& machine) {
  if (std::ranges::all_of(machine.parameters, [](float w) { return std::isfinite(w); })) return;
  throw InvalidArgument("parameters", "a machine that has diverged", "finite parameters");
}

Rows rows_for(const SavedMachine& machine, nb::handle array) {
  require_finite(machine);
  return bits_of(array, "X", topology_of(machine).visible_units());
}

/// The weights [outputs x inputs] and biases [outputs] of a layer, within the machine.
LayerArrays arrays_of(Handle self, const LayerView& layer) {
  const auto* const parameters = nb::cast<const SavedMachine&>(self).parameters.data();
  const auto outputs = static_cast<std::size_t>(layer.outputs);
  const auto inputs = static_cast<std::size_t>(layer.inputs);
  return {view_of(parameters + layer.weights, {outputs, inputs}, self),
          view_of(parameters + layer.bias, {outputs}, self)};
}

std::vector<LayerArrays> generative(Handle self) {
  const auto& topology = topology_of(nb::cast<const SavedMachine&>(self));
  std::vector<LayerArrays> layers;
  for (int l = 0; l <= topology.last(); ++l) {
    layers.push_back(arrays_of(self, topology.generative(l)));
  }
  return layers;
}

std::vector<LayerArrays> recognition(Handle self) {
  const auto& topology = topology_of(nb::cast<const SavedMachine&>(self));
  std::vector<LayerArrays> layers;
  for (int l = 0; l < topology.last(); ++l) {
    layers.push_back(arrays_of(self, topology.recognition(l)));
  }
  return layers;
}

NumpyArray<std::uint8_t> sample(const SavedMachine& machine, std::uint64_t count,
                                std::uint64_t first) {
  require_finite(machine);
  const auto& topology = topology_of(machine);
  const auto units = static_cast<std::size_t>(topology.visible_units());
  constexpr std::uint64_t kWork = std::uint64_t{1} << 28U;  // multiply-adds: some tens of ms
  const auto piece = std::clamp<std::uint64_t>(kWork / topology.generative_parameters(), 1, 10'000);
  std::vector<std::uint8_t> patterns;
  patterns.reserve(count * units);  // else it grows by copies that nobody can interrupt
  run_interruptibly([&](Progress& progress) {
    for (std::uint64_t done = 0; done < count && !progress.stop; done += piece) {
      const auto some =
          generate_patterns(topology, machine.parameters, seed_of(machine), machine.step,
                            first + done, std::min(piece, count - done));
      patterns.insert(patterns.end(), some.begin(), some.end());
    }
  });
  return to_numpy(std::move(patterns), {count, units});
}

NumpyArray<std::uint8_t> recognise(const SavedMachine& machine, nb::handle array) {
  const auto rows = rows_for(machine, array);
  std::vector<std::uint8_t> units;
  run_interruptibly([&](Progress& progress) {
    units = recognise_rows(topology_of(machine), machine.parameters, packed(rows), seed_of(machine),
                           [&] { return progress.stop.load(); });
  });
  const auto hidden = static_cast<std::size_t>(topology_of(machine).hidden_units());
  return to_numpy(std::move(units), {rows.size(), hidden});
}

/// The distinct rows as patterns of a world, and which of them each row is.
struct DistinctRows {
  std::vector<WeightedPattern> patterns;
  std::vector<std::size_t> index;  ///< [rows]
};

DistinctRows distinct(const Rows& rows) {
  DistinctRows found;
  std::map<std::vector<std::uint32_t>, std::size_t> known;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const auto words = rows.words(n);
    const auto [at, is_new] = known.try_emplace({words.begin(), words.end()}, known.size());
    found.index.push_back(at->second);
    if (!is_new) continue;
    auto& bits = found.patterns.emplace_back().bits;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows.units()); ++i) {
      bits.push_back(words[i / 32] >> (i % 32) & 1U);
    }
  }
  return found;
}

NumpyArray<double> exact_log_prob(const SavedMachine& machine, nb::handle array) {
  const auto rows = rows_for(machine, array);
  std::vector<double> values(rows.size());
  run_interruptibly([&](Progress& progress) {
    const auto [patterns, index] = distinct(rows);
    const World world("rows", default_shape(rows.units()), patterns);
    const auto logs = exact_distribution(topology_of(machine), world, machine.parameters, [&] {
                        return progress.stop.load();
                      }).log_probabilities;
    if (progress.stop) return;
    std::ranges::transform(index, values.begin(), [&](std::size_t k) { return logs[k]; });
  });
  return to_numpy(std::move(values), {rows.size()});
}

NumpyArray<double> estimated_log_prob(const SavedMachine& machine, nb::handle array,
                                      std::uint64_t particles) {
  const auto rows = rows_for(machine, array);
  std::vector<RowLikelihood> estimates;
  run_interruptibly([&](Progress& progress) {
    estimates = row_likelihoods(
        topology_of(machine), machine.parameters, packed(rows), seed_of(machine),
        {.particles = particles, .stop_requested = [&] { return progress.stop.load(); }});
  });
  std::vector<double> values;
  for (const auto& row : estimates) values.push_back(row.log_likelihood);
  return to_numpy(std::move(values), {rows.size()});
}

NumpyArray<const float> view_of_floats(Handle self, const std::vector<float>& values) {
  return view_of(values.data(), {values.size()}, self);
}

}  // namespace

void bind_machines(nb::module_& m) {
  nb::class_<SavedMachine>(m, "Machine")
      .def_prop_ro("layers", [](const SavedMachine& s) { return topology_of(s).layer_sizes(); })
      .def_prop_ro("seed", seed_of)
      .def_prop_ro("step", [](const SavedMachine& s) { return s.step; })
      .def_prop_ro("world", [](const SavedMachine& s) { return s.ensemble.world; })
      .def_prop_ro("is_enumerable",
                   [](const SavedMachine& s) { return exact_is_feasible(topology_of(s)); })
      .def("parameters",
           [](Handle self) {
             return view_of_floats(self, nb::cast<const SavedMachine&>(self).parameters);
           })
      .def("generative", generative)
      .def("recognition", recognition)
      .def("sample", sample, "count"_a, "first"_a)
      .def("recognise", recognise, "rows"_a)
      .def("exact_log_prob", exact_log_prob, "rows"_a)
      .def("estimated_log_prob", estimated_log_prob, "rows"_a, "particles"_a)
      .def(
          "save",
          [](const SavedMachine& machine, const std::filesystem::path& path) {
            const nb::gil_scoped_release without_gil;
            save_machine(path, machine);
          },
          "path"_a);
  m.def(
      "load_machine",
      [](const std::filesystem::path& path) {
        const nb::gil_scoped_release without_gil;
        return load_machine(path);
      },
      "path"_a);
}

}  // namespace helmholtz::python
