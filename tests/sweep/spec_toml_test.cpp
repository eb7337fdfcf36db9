// A sweep as text: the table of its fields, TOML in both directions, what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "app/exit_code.hpp"
#include "helmholtz/sweep.hpp"
#include "support/small_sweep.hpp"
#include "support/temporary_directory.hpp"
#include "sweep/fields.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Every field differs from its default, and of a list the last value does.
SweepSpec unusual() {
  auto spec = testing::sixteen_configurations();
  spec.world = make_world("bars4x4");
  spec.topologies = {Topology({1, 8, 16}), Topology({2, 3, 16})};
  spec.rate_overrides.generative = 0.25;
  spec.rate_overrides.recognition = 1e-3;
  spec.rate_overrides.recognition_wake = 0.02;
  spec.rate_overrides.per_layer = {0.1, 1e5, 0.30000000000000004};
  spec.particles = {1, 5};
  spec.schedules = {Schedule::parse("inverse:0.1"), Schedule::parse("exponential:0.5:10")};
  spec.optimizers = {Optimizer::parse("momentum:0.9"), Optimizer::parse("adam:0.5,0.75,1e-05")};
  spec.reduction = BatchReduction::mean;
  spec.nonnegative = true;
  spec.log_likelihood = 100;
  spec.save_parameters = SaveParameters::parse("best:3");
  spec.backend = "cuda-layered";
  spec.math = MatrixMath::tf32;
  spec.threads = 3;
  spec.devices = {1, 0};
  return spec;
}

TEST(SpecToml, ReadsWhatItWrites) {
  const auto spec = unusual();
  const SweepSpec usual;
  for (const auto& field : fields()) {
    if (field.group == "Data") continue;  // nothing beside a world: data_training_test
    EXPECT_NE(field.texts(spec), field.texts(usual)) << field.name;
  }
  for (const auto& one : {spec, usual}) {
    const auto again = SweepSpec::from_toml(one.to_toml());
    for (const auto& field : fields())
      EXPECT_EQ(field.texts(again), field.texts(one)) << field.name;
    EXPECT_EQ(settings_of(again), settings_of(one));
  }
}

TEST(SpecToml, WhatIsLeftOutHasTheProgramsDefault) {
  EXPECT_EQ(SweepSpec::from_toml("").to_toml(), SweepSpec().to_toml());
  EXPECT_EQ(SweepSpec::from_toml("steps = 300").eval_every, 30U);
  EXPECT_EQ(SweepSpec::from_toml("steps = 3").eval_every, 1U);
  const auto spec =
      SweepSpec::from_toml("steps = 7\nlr = [0, 5]\n[train]\nsteps = 8\n[sweep]\nsteps = 9");
  EXPECT_EQ(spec.steps, 9U);
  EXPECT_EQ(spec.rates, (std::vector{0.0, 5.0}));
}

struct Refusal {
  std::string text;
  int code;
  std::vector<std::string> words;  ///< field, value, what is allowed
};

TEST(SpecToml, RefusesByFieldAndValue) {
  const std::vector<Refusal> refusals = {
      {"lrr = 0.1", 2, {"config", "\"lrr\"", "lr?"}},
      {"out = \"x\"", 2, {"config", "\"out\""}},
      {"[swep]\nlr = 0.1", 2, {"config", "\"[swep]\"", "[sweep]"}},
      {"lr = nan", 2, {"lr", "\"nan\""}},
      {"lr = \"0,05\"", 2, {"lr", "\"0,05\"", "0.05", "0.0,5"}},
      {"batch = 0", 2, {"batch", "\"0\""}},
      {"particles = 0", 2, {"particles", "\"0\"", "4096"}},
      {"particles = [5, 4097]", 2, {"particles", "\"4097\"", "4096"}},
      {"lr-recognition-wake = -1", 2, {"lr-recognition-wake", "\"-1\""}},
      {"mean = 7", 2, {"mean", "\"7\"", "true"}},
      {"layers = []", 2, {"layers"}},
      {"world = \"nowhere\"", 2, {"world", "\"nowhere\"", "kirby3x3"}},
      {"math = \"fp16\"", 2, {"math", "\"fp16\"", "tf32"}},
      {"lr = 0.1\nlr = 0.2", 65, {"line 2"}},
  };
  for (const auto& refusal : refusals) {
    try {
      static_cast<void>(SweepSpec::from_toml(refusal.text));
      ADD_FAILURE() << refusal.text;
    } catch (const Error& error) {
      EXPECT_EQ(static_cast<int>(app::exit_code_of(error)), refusal.code) << error.what();
      for (const auto& word : refusal.words) EXPECT_THAT(error.what(), HasSubstr(word));
    }
  }
}

TEST(SpecToml, ReadsAFile) {
  const testing::TemporaryDirectory folder;
  const auto path = folder.path() / "c.toml";
  EXPECT_THROW(static_cast<void>(SweepSpec::from_toml_file(path)), NoInput);
  std::ofstream(path) << unusual().to_toml();
  EXPECT_EQ(SweepSpec::from_toml_file(path).to_toml(), unusual().to_toml());
}

TEST(SpecToml, TrainsOnRowsThatAreInMemory) {
  const auto rows = std::make_shared<const Dataset>(
      Dataset{.name = "memory", .train = {2, std::vector<std::uint32_t>{1, 2, 3}}});
  const auto text = "layers = \"1,2\"\norder = \"epochs\"\nrows = 2\nlog-likelihood = 5\n";
  const auto spec = SweepSpec::from_toml(text, rows);
  EXPECT_EQ(spec.world.data().digest, rows->digest());
  EXPECT_EQ(spec.evaluated->size(), 3U);
  EXPECT_EQ(spec.rows, 2U);
  EXPECT_EQ(spec.split, "train");
  spec.validate();
  EXPECT_THROW(SweepSpec::from_toml("split = \"test\"\nlog-likelihood = 5\n", rows),
               InvalidArgument);
}

TEST(Fields, HaveOneNameEach) {
  std::set<std::string_view> names;
  for (const auto& field : fields()) EXPECT_TRUE(names.insert(field.name).second) << field.name;
}

// Directories of earlier versions are resumed by their hash.
TEST(Fields, KeepTheHashOfAConfiguration) {
  EXPECT_EQ(configuration_hash(settings_of(testing::two_configurations())), 0x2472828a993bd72aU);
}

// A machine file has what an ensemble says of a machine.
TEST(Fields, OfAMachineAreReadFromItsEnsemble) {
  auto spec = unusual();
  spec.data.binarize = Binarize::parse("0.25");
  spec.order = Order::epochs;
  const std::uint64_t seed = 0;
  const auto last = spec.configuration(spec.configurations() - 1);
  const auto machine =
      spec_of_machine({.ensemble = spec.ensemble(last, std::span(&seed, 1)), .data = spec.data});
  for (const auto& field : fields()) {
    if (field.scope != Field::Scope::machine) continue;
    const Texts last_text = {field.texts(spec).back()};
    EXPECT_EQ(field.texts(machine), last_text) << field.name;
    const auto usual = field.texts(SweepSpec());
    EXPECT_FALSE(!usual.empty() && usual.back() == last_text.front()) << field.name;
  }
}

TEST(Fields, OmittedAtTheirDefaultLeaveTheSettings) {
  auto field = *std::ranges::find(fields(), "nonnegative", &Field::name);
  const SweepSpec usual;
  const SweepSpec other{.nonnegative = true};
  EXPECT_TRUE(field.is_setting_of(usual));
  field.omitted_at_default = true;
  EXPECT_FALSE(field.is_setting_of(usual));
  EXPECT_TRUE(field.is_setting_of(other));
}

// A sweep by wake-sleep has the files of versions that knew nothing else.
TEST(Fields, OmittedAtTheirDefaultLeaveFilesAsTheyWere) {
  const SweepSpec usual;
  const SweepSpec other{.rate_overrides = {.recognition_wake = 0.5}, .particles = {1, 5}};
  for (const auto* const name : {"particles", "lr-recognition-wake"}) {
    EXPECT_THAT(usual.to_toml(), Not(HasSubstr(name)));
    EXPECT_THAT(other.to_toml(), HasSubstr(name));
  }
  EXPECT_EQ(column_texts(usual, 0), (Texts{"1,6,9", "0.05", "1", "constant", "zero"}));
  EXPECT_EQ(column_texts(other, 1), (Texts{"1,6,9", "0.05", "1", "5", "constant", "zero"}));
  EXPECT_EQ(column_fields(other).size(), column_fields(usual).size() + 1);
  const SweepSpec zero{.rate_overrides = {.recognition_wake = 0}};
  EXPECT_EQ(settings_of(zero), settings_of(usual));
  EXPECT_NE(settings_of(other), settings_of(usual));
}

}  // namespace
}  // namespace helmholtz
