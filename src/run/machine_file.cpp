#include "helmholtz/machine_file.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/atomic_file.hpp"
#include "base/hdf5.hpp"
#include "base/sealed_file.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/trainer.hpp"
#include "sweep/fields.hpp"

namespace helmholtz {

namespace {

using hdf5::Reader;
using hdf5::Writer;

constexpr io::SealKind kKind{.name = "machine", .schema = 1};

std::vector<std::uint8_t> pattern_bytes(const World& world) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t k = 0; k < world.size(); ++k) {
    for (int i = 0; i < world.visible_units(); ++i) bytes.push_back(world.bit(k, i) ? 1 : 0);
  }
  return bytes;
}

std::string digest_attribute(std::string_view split) { return fmt::format("{}_digest", split); }

/// What tells a data set from others, and where it is.
void write_data(Writer& file, const World& world, const DatasetFiles& files) {
  file.attribute(digest_attribute("data").c_str(), world.data().digest);
  file.attribute("data_rows", std::uint64_t{world.size()});
  for (const auto& [split, digest] : world.data().split_digests) {
    file.attribute(digest_attribute(split).c_str(), digest);
  }
  for (const auto& [name, path] : kDatasetFiles) {
    if ((files.*path).empty()) continue;
    file.attribute(fmt::format("{}_file", name).c_str(),
                   std::filesystem::absolute(files.*path).string());
  }
}

DatasetFiles read_files(const Reader& file) {
  DatasetFiles files;
  for (const auto& [name, path] : kDatasetFiles) {
    const auto attribute = fmt::format("{}_file", name);
    if (file.has_attribute(attribute.c_str())) {
      files.*path = file.text_attribute(attribute.c_str());
    }
  }
  return files;
}

/// The patterns themselves, so that a pattern file may move or change after training.
void write_world(Writer& file, const World& world, const DatasetFiles& files) {
  file.attribute("world", world.name());
  file.attribute("world_rows", world.shape().rows);
  file.attribute("world_columns", world.shape().columns);
  if (world.is_data()) return write_data(file, world, files);
  const auto units = static_cast<hsize_t>(world.visible_units());
  const auto patterns = pattern_bytes(world);
  file.dataset<std::uint8_t>("world_patterns", {world.size(), units}, patterns);
  file.dataset<double>("world_probabilities", {world.size()}, world.probabilities());
}

/// Files of earlier versions have the digest of the whole data set alone.
DataRows read_data(const Reader& file) {
  DataRows data{.digest = file.attribute<std::uint64_t>(digest_attribute("data").c_str()),
                .count = file.attribute<std::uint64_t>("data_rows")};
  for (const auto& split : kDatasetFiles) {
    const auto name = digest_attribute(split.name);
    if (!file.has_attribute(name.c_str())) continue;
    data.split_digests[std::string(split.name)] = file.attribute<std::uint64_t>(name.c_str());
  }
  return data;
}

World read_world(const Reader& file, int visible_units) {
  const ImageShape shape{.rows = file.attribute<int>("world_rows"),
                         .columns = file.attribute<int>("world_columns")};
  if (shape.rows < 1 || shape.columns < 1 || shape.rows > visible_units ||
      visible_units % shape.rows != 0 || visible_units / shape.rows != shape.columns) {
    throw InvalidArgument("world", "an image of another size", "rows x columns = visible units");
  }
  if (file.has_attribute("data_rows")) {
    return {file.text_attribute("world"), shape, read_data(file)};
  }
  const auto count = file.shape("world_probabilities", 1)[0];
  const auto units = static_cast<std::size_t>(visible_units);
  const auto probabilities = file.dataset<double>("world_probabilities", {count});
  const auto bits = file.dataset<std::uint8_t>("world_patterns", {count, units});
  std::vector<WeightedPattern> patterns(count);
  for (std::size_t k = 0; k < count; ++k) {
    const auto first = bits.begin() + static_cast<std::ptrdiff_t>(k * units);
    patterns[k].bits.assign(first, first + visible_units);
    patterns[k].weight = probabilities[k];
  }
  return {file.text_attribute("world"), shape, patterns};
}

/// What makes a machine, but for its world, its layers and its rates: attributes of their own.
std::vector<const Field*> saved_fields() {
  std::vector<const Field*> saved;
  for (const auto& field : fields()) {
    const bool is_apart = field.name == "world" || field.name == "layers";
    if (field.scope == Field::Scope::machine && !is_apart) saved.push_back(&field);
  }
  return saved;
}

std::string attribute_name(const Field& field) {
  return std::string(field.saved_as.empty() ? field.name : field.saved_as);
}

void write_fields(Writer& file, const SweepSpec& spec) {
  for (const auto* const field : saved_fields()) {
    const auto name = attribute_name(*field);
    const auto texts = field->texts(spec);
    if (texts.empty() || field->is_omitted(spec)) continue;
    const auto& text = texts.front();
    if (field->access.kind == FieldAccess::Kind::flag) {
      file.attribute<std::uint8_t>(name.c_str(), text == "true" ? 1 : 0);
    } else if (field->access.whole) {
      file.attribute(name.c_str(), std::stoi(text));
    } else {
      file.attribute(name.c_str(), text);
    }
  }
}

/// What an earlier version did not know has its default.
GivenTexts read_fields(const Reader& file) {
  GivenTexts given;
  for (const auto* const field : saved_fields()) {
    const auto name = attribute_name(*field);
    if (!file.has_attribute(name.c_str())) continue;
    auto& text = given[std::string(field->name)].emplace_back();
    if (field->access.kind == FieldAccess::Kind::flag) {
      text = file.attribute<std::uint8_t>(name.c_str()) != 0 ? "true" : "false";
    } else if (field->access.whole) {
      text = std::to_string(file.attribute<int>(name.c_str()));
    } else {
      text = file.text_attribute(name.c_str());
    }
  }
  return given;
}

void write_rates(Writer& file, const LearningRates& rates) {
  file.dataset<double>("rates_generative", {rates.generative.size()}, rates.generative);
  file.dataset<double>("rates_recognition", {rates.recognition.size()}, rates.recognition);
  if (!rates.learn_awake()) return;  // as in files of earlier versions
  file.dataset<double>("rates_recognition_wake", {rates.recognition_wake.size()},
                       rates.recognition_wake);
}

LearningRates read_rates(const Reader& file, const Topology& topology) {
  constexpr const char* kWake = "rates_recognition_wake";
  const auto layers = topology.layer_sizes().size();
  return {.generative = file.dataset<double>("rates_generative", {layers}),
          .recognition = file.dataset<double>("rates_recognition", {layers - 1}),
          .recognition_wake = file.has_dataset(kWake) ? file.dataset<double>(kWake, {layers - 1})
                                                      : std::vector<double>(layers - 1)};
}

Topology read_topology(const Reader& file) {
  const auto layers = file.shape("layers", 1);
  if (layers[0] > Topology::kMaxLayers)
    throw InvalidArgument("layers", "too many", fmt::format("up to {}", Topology::kMaxLayers));
  return Topology(file.dataset<int>("layers", layers));
}

/// @throws BadData or InvalidArgument
SavedMachine read(const Reader& file) {
  auto spec = parse_spec(read_fields(file));
  const auto topology = read_topology(file);
  spec.topologies = {topology};
  spec.world = read_world(file, topology.visible_units());
  const auto seed = file.attribute<std::uint64_t>("seed");
  SavedMachine machine{.ensemble = spec.ensemble(spec.configuration(0), std::span(&seed, 1)),
                       .step = file.attribute<std::uint64_t>("step"),
                       .parameters = file.dataset<float>("parameters", {topology.parameters()}),
                       .optimizer_state = {},
                       .data = {.files = read_files(file), .binarize = spec.data.binarize}};
  machine.ensemble.settings.front().rates = read_rates(file, topology);
  machine.ensemble.validate();
  const auto state = optimizer_state_floats(machine.ensemble, 0);
  if (state > 0) machine.optimizer_state = file.dataset<float>("optimizer_state", {state});
  return machine;
}

/// What the parts' own checks leave open.
void require_consistent(const SavedMachine& machine, std::uint64_t digest,
                        const std::string& path) {
  const auto& rates = machine.ensemble.hyperparameters(0).rates;
  if (!std::all_of(rates.generative.begin(), rates.generative.end(), is_learning_rate) ||
      !std::all_of(rates.recognition.begin(), rates.recognition.end(), is_learning_rate) ||
      !std::all_of(rates.recognition_wake.begin(), rates.recognition_wake.end(),
                   is_learning_rate)) {
    throw BadData(path, "holds a learning rate that is negative, not finite or too large");
  }
  if (machine.step > Trainer::kMaxSteps) throw BadData(path, "holds more than 10^12 steps");
  if (parameters_digest(machine.parameters) != digest) {
    throw BadData(path, "holds parameters that do not match their digest");
  }
}

std::string hdf5_image(const std::string& name, const SavedMachine& machine) {
  const hdf5::Session session;
  const auto& ensemble = machine.ensemble;
  Writer file(name, io::kSealBytes);
  file.attribute("schema", kKind.schema);
  const auto& layers = ensemble.topology.layer_sizes();
  file.dataset<int>("layers", {layers.size()}, layers);
  write_world(file, ensemble.world, machine.data.files);
  write_fields(file, spec_of_machine(machine));
  write_rates(file, ensemble.hyperparameters(0).rates);
  file.attribute("seed", ensemble.machines.front().seed);
  file.attribute("step", machine.step);
  file.attribute("parameters_xxh3", parameters_digest(machine.parameters));
  file.dataset<float>("parameters", {machine.parameters.size()}, machine.parameters);
  const auto& state = machine.optimizer_state;
  if (!state.empty()) file.dataset<float>("optimizer_state", {state.size()}, state);
  return file.image();
}

}  // namespace

SavedMachine machine_of(const Trainer& trainer, DataSource data) {
  return machine_of(trainer, 0, std::move(data));
}

SavedMachine machine_of(const Trainer& trainer, std::size_t m, DataSource data) {
  auto parameters = trainer.parameters(m);  // first: it refuses what is beyond the last machine
  return {.ensemble = trainer.ensemble().alone(m),
          .step = trainer.step(),
          .parameters = std::move(parameters),
          .optimizer_state = trainer.optimizer_state(m),
          .data = std::move(data)};
}

void save_machine(const std::filesystem::path& path, const SavedMachine& machine) {
  io::AtomicFile output(path);
  const auto image = hdf5_image(path.string(), machine);
  output.write(io::seal(kKind, "", image));
  output.write(image);
  output.commit();
}

SavedMachine load_machine(const std::filesystem::path& path) {
  const hdf5::Session session;
  const auto sealed = io::read_sealed(path, kKind);
  try {
    const Reader file(path.string(), sealed.bytes);
    auto machine = read(file);
    require_consistent(machine, file.attribute<std::uint64_t>("parameters_xxh3"), path.string());
    return machine;
  } catch (const InvalidArgument& error) {
    throw BadData(path.string(), error.what());
  }
}

}  // namespace helmholtz
