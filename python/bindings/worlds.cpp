// Worlds and data sets.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "bindings.hpp"
#include "data.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/world.hpp"

namespace helmholtz::python {

namespace {

using namespace nb::literals;
using ShapePair = std::pair<int, int>;
using Weights = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

ImageShape shape_of(const std::optional<ShapePair>& shape, int units) {
  if (!shape) return default_shape(units);
  return {.rows = shape->first, .columns = shape->second};
}

World make_array_world(nb::handle patterns, const std::optional<Weights>& weights,
                       const std::optional<ShapePair>& shape, const std::string& name) {
  const auto rows = bits_of(patterns, "world");
  if (weights && weights->size() != rows.size()) {
    throw InvalidArgument("weights", std::to_string(weights->size()) + " weights",
                          std::to_string(rows.size()) + ", one per pattern");
  }
  std::vector<WeightedPattern> weighted(rows.size());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows.units()); ++i) {
      weighted[k].bits.push_back(rows.words(k)[i / 32] >> (i % 32) & 1U);
    }
    if (weights) weighted[k].weight = weights->data()[k];
  }
  return {name, shape_of(shape, rows.units()), weighted};
}

std::vector<std::pair<std::string, std::string>> world_names() {
  std::vector<std::pair<std::string, std::string>> names;
  for (auto& world : list_worlds()) {
    names.emplace_back(std::move(world.name), std::move(world.summary));
  }
  return names;
}

NumpyArray<const double> doubles(nb::handle owner, std::span<const double> values) {
  return view_of(values.data(), {values.size()}, owner);
}

std::optional<Rows> split_of(nb::handle array, const char* field, bool is_grey) {
  if (array.is_none()) return std::nullopt;
  return is_grey ? grey_of(array, field) : bits_of(array, field);
}

void require_same_units(const Dataset& dataset) {
  for (const auto& name : dataset.splits()) {
    const auto units = dataset.split(name)->units();
    if (units == dataset.train.units()) continue;
    throw InvalidArgument(name, "rows of " + std::to_string(units) + " units",
                          std::to_string(dataset.train.units()) + ", as train has");
  }
}

LoadedData array_data(nb::handle train, nb::handle valid, nb::handle test, bool is_grey,
                      const std::optional<ShapePair>& shape, const std::string& name) {
  Dataset dataset{.name = name,
                  .train = is_grey ? grey_of(train, "train") : bits_of(train, "train"),
                  .valid = split_of(valid, "valid", is_grey),
                  .test = split_of(test, "test", is_grey)};
  dataset.shape = shape_of(shape, dataset.train.units());
  require_same_units(dataset);
  return {
      .dataset = std::make_shared<const Dataset>(std::move(dataset)),
      .source = {.binarize = {.kind = is_grey ? Binarize::Kind::sample : Binarize::Kind::none}}};
}

LoadedData file_data(DatasetFiles files, const std::string& binarize) {
  const DataSource source{.files = std::move(files), .binarize = Binarize::parse(binarize)};
  const nb::gil_scoped_release without_gil;
  auto dataset = load_dataset(source.files, source.binarize);
  return {.dataset = std::make_shared<const Dataset>(std::move(dataset)), .source = source};
}

NumpyArray<std::uint8_t> rows_of(const LoadedData& data, const std::string& split) {
  const auto* const rows = data.dataset->split(split);
  if (rows == nullptr) throw InvalidArgument("split", split, "a split that the data set has");
  if (!rows->is_grey()) return unpacked(rows->words().data(), rows->size(), rows->units());
  return to_numpy(std::vector<std::uint8_t>(rows->grey().begin(), rows->grey().end()),
                  {rows->size(), static_cast<std::size_t>(rows->units())});
}

}  // namespace

void bind_worlds(nb::module_& m) {
  nb::class_<World>(m, "World")
      .def_prop_ro("name", &World::name)
      .def_prop_ro(
          "shape",
          [](const World& world) { return ShapePair(world.shape().rows, world.shape().columns); })
      .def_prop_ro("visible_units", &World::visible_units)
      .def_prop_ro("is_data", &World::is_data)
      .def_prop_ro("size", &World::size)
      .def_prop_ro("entropy", &World::entropy)
      .def("patterns",
           [](const World& world) {
             return unpacked(world.words().data(), world.size(), world.visible_units());
           })
      .def("probabilities",
           [](nb::handle_t<World> self) {
             return doubles(self, nb::cast<const World&>(self).probabilities());
           })
      .def("marginals", [](nb::handle_t<World> self) {
        return doubles(self, nb::cast<const World&>(self).marginals());
      });
  m.def(
      "make_world", [](const std::string& name) { return make_world(name); }, "name"_a);
  m.def("make_array_world", make_array_world, "patterns"_a, "weights"_a.none(), "shape"_a.none(),
        "name"_a);
  m.def("world_names", world_names);

  nb::class_<LoadedData>(m, "Dataset")
      .def_prop_ro("name", [](const LoadedData& data) { return data.dataset->name; })
      .def_prop_ro("splits", [](const LoadedData& data) { return data.dataset->splits(); })
      .def_prop_ro("is_grey", [](const LoadedData& data) { return data.dataset->train.is_grey(); })
      .def_prop_ro("visible_units",
                   [](const LoadedData& data) { return data.dataset->train.units(); })
      .def_prop_ro("shape",
                   [](const LoadedData& data) {
                     const auto shape =
                         data.dataset->shape.value_or(default_shape(data.dataset->train.units()));
                     return ShapePair(shape.rows, shape.columns);
                   })
      .def("rows", rows_of, "split"_a)
      .def("world", [](const LoadedData& data) { return data_world(data.dataset); });
  m.def("array_data", array_data, "train"_a, "valid"_a.none(), "test"_a.none(), "is_grey"_a,
        "shape"_a.none(), "name"_a);
  m.def(
      "file_data",
      [](const std::filesystem::path& data, const std::filesystem::path& train,
         const std::filesystem::path& valid, const std::filesystem::path& test,
         const std::string& binarize) {
        return file_data({data, train, valid, test}, binarize);
      },
      "data"_a, "train"_a, "valid"_a, "test"_a, "binarize"_a);
}

}  // namespace helmholtz::python
