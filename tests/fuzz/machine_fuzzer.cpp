// Whatever a machine file holds, it is a machine or a BadData.
#include "fuzz/hostile_file.hpp"
#include "helmholtz/machine_file.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz::fuzz {
namespace {

Field text(const char* name, const std::string& value) {
  const hid_t type = H5Tcopy(H5T_C_S1);  // lives as long as the fuzzer
  H5Tset_size(type, value.size() + 1);
  return {name, type, {}, value + '\0'};
}

/// A machine of layers 1,2,3 in a world of two patterns.
std::vector<Field> machine_fields() {
  const Topology topology({1, 2, 3});
  std::vector<float> parameters(topology.parameters(), 0.5F);
  return {attribute<int>("schema", 1),
          field<int>("layers", {3}, {1, 2, 3}),
          text("world", "a world"),
          attribute<int>("world_rows", 1),
          attribute<int>("world_columns", 3),
          field<std::uint8_t>("world_patterns", {2, 3}, {1, 0, 1, 0, 1, 0}),
          field<double>("world_probabilities", {2}, {0.25, 0.75}),
          attribute<int>("batch", 1),
          attribute<std::uint8_t>("batch_mean", 0),
          attribute<std::uint8_t>("nonnegative", 0),
          field<double>("rates_generative", {3}, {0.1, 0.1, 0.1}),
          field<double>("rates_recognition", {2}, {0.1, 0.1}),
          text("schedule", "exponential:0.99:17"),
          text("optimizer", "momentum:0.5"),
          text("init", "normal:0.1+visible-bias:marginal"),
          attribute<std::uint64_t>("seed", 7),
          attribute<std::uint64_t>("step", 100),
          attribute<std::uint64_t>("parameters_xxh3", parameters_digest(parameters)),
          field<float>("parameters", {parameters.size()}, parameters),
          field<float>("optimizer_state", {parameters.size()}, parameters)};
}

}  // namespace

void fuzz_one(FuzzedDataProvider& data) {
  static const testing::TemporaryDirectory folder;
  static const auto fields = machine_fields();
  const auto path = folder.path() / "machine.h5";
  write_file(path, {.name = "machine", .schema = 1}, "", fields, data);
  const auto machine = load_machine(path);
  machine.ensemble.validate();
  if (machine.parameters.size() != machine.ensemble.topology.parameters()) std::abort();
}

}  // namespace helmholtz::fuzz
