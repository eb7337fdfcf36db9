#include "helmholtz/machine_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>

#include "base/hdf5.hpp"
#include "base/sealed_file.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/random.hpp"
#include "support/process.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::HasSubstr;

/// Random weights, whose shares no double holds exactly.
World odd_world(std::uint64_t seed) {
  std::vector<WeightedPattern> patterns;
  for (std::uint32_t k = 0; k < 300; ++k) {
    WeightedPattern pattern{.bits = std::vector<std::uint8_t>(10), .weight = 0};
    for (std::size_t i = 0; i < 10; ++i) pattern.bits[i] = static_cast<std::uint8_t>(k >> i & 1U);
    pattern.weight = (random_word({.seed = seed}, 0, k) + 1) * 1e-7;
    patterns.push_back(pattern);
  }
  return {"file:gone.txt", {.rows = 2, .columns = 5}, patterns};
}

SavedMachine odd_machine() {
  const Topology topology({2, 3, 10});
  SavedMachine machine{
      .ensemble = {.topology = topology,
                   .world = odd_world(5),
                   .batch = 7,
                   .reduction = BatchReduction::mean,
                   .nonnegative = true,
                   .settings = {{.rates = {.generative = {0.1, 0.2, 1.0 / 3},
                                           .recognition = {0, 4},
                                           .recognition_wake = {0, 0}},
                                 .schedule = Schedule::parse("exponential:0.99:17"),
                                 .optimizer = Optimizer::parse("adam:0.5,0.25,1e-3"),
                                 .initialisation = Initialisation::parse("normal:0.1")}},
                   .machines = {{.seed = std::numeric_limits<std::uint64_t>::max(), .setting = 0}}},
      .step = 123'456'789'012,
      .parameters = std::vector<float>(topology.parameters()),
      .optimizer_state = std::vector<float>(2 * topology.parameters())};
  std::iota(machine.parameters.begin(), machine.parameters.end(), -7.7F);
  std::iota(machine.optimizer_state.begin(), machine.optimizer_state.end(), 0.3F);
  return machine;
}

/// Its optimiser keeps means of that phase too.
void learn_awake(SavedMachine& machine, const std::vector<double>& rates) {
  machine.ensemble.settings[0].rates.recognition_wake = rates;
  machine.optimizer_state.resize(optimizer_state_floats(machine.ensemble, 0));
}

void expect_equal(const World& v, const World& w) {
  EXPECT_EQ(v.name(), w.name());
  EXPECT_EQ(v.shape().rows, w.shape().rows);
  EXPECT_TRUE(std::ranges::equal(v.words(), w.words()));
  EXPECT_TRUE(std::ranges::equal(v.probabilities(), w.probabilities()));
  EXPECT_TRUE(std::ranges::equal(v.cumulative(), w.cumulative()));
  EXPECT_TRUE(std::ranges::equal(v.thresholds(), w.thresholds()));
}

void expect_equal(const SavedMachine& a, const SavedMachine& b) {
  EXPECT_EQ(a.ensemble.topology, b.ensemble.topology);
  expect_equal(a.ensemble.world, b.ensemble.world);
  EXPECT_EQ(a.ensemble.batch, b.ensemble.batch);
  EXPECT_EQ(a.ensemble.particles, b.ensemble.particles);
  EXPECT_EQ(a.ensemble.reduction, b.ensemble.reduction);
  EXPECT_EQ(a.ensemble.nonnegative, b.ensemble.nonnegative);
  EXPECT_EQ(a.ensemble.hyperparameters(0), b.ensemble.hyperparameters(0));
  EXPECT_EQ(a.ensemble.machines[0].seed, b.ensemble.machines[0].seed);
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.optimizer_state, b.optimizer_state);
}

class MachineFile : public ::testing::Test {
 protected:
  void SetUp() override {
    save_machine(path_, odd_machine());
    bytes_ = read_file(path_);
  }
  /// A new file each time: cutting an old one makes some file systems wait for the disk.
  void write(const std::string& bytes) const {
    std::filesystem::remove(path_);
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  TemporaryDirectory folder_;
  std::filesystem::path path_ = folder_.path() / "machine.h5";
  std::string bytes_;
};

TEST_F(MachineFile, ReadsBackWhatItWrote) {
  expect_equal(load_machine(path_), odd_machine());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

// As the files of earlier versions have them.
TEST_F(MachineFile, HoldsSettingsByTheirNamesAndTypes) {
  auto machine = odd_machine();
  machine.ensemble.particles = 3;
  save_machine(path_, machine);
  const auto bytes = read_file(path_);
  const hdf5::Session session;
  const hdf5::Reader file("machine.h5", bytes);
  EXPECT_EQ(file.attribute<int>("batch"), 7);
  EXPECT_EQ(file.attribute<int>("particles"), 3);
  EXPECT_EQ(file.attribute<std::uint8_t>("batch_mean"), 1);
  EXPECT_EQ(file.attribute<std::uint8_t>("nonnegative"), 1);
  EXPECT_EQ(file.text_attribute("schedule"), "exponential:0.99:17");
}

TEST_F(MachineFile, HoldsAnyMachineOfMany) {
  const auto one = odd_machine();
  auto many = one.ensemble;
  many.particles = 2;
  many.settings.push_back(many.settings[0]);
  many.settings[1].initialisation = Initialisation::parse("normal:0.5");
  many.machines = {{.seed = 1, .setting = 0}, {.seed = 2, .setting = 1}, {.seed = 3, .setting = 0}};
  auto trainer = make_trainer(many);
  trainer.train(3);
  for (std::size_t m = 0; m < 3; ++m) {
    save_machine(path_, machine_of(trainer, m));
    const auto saved = load_machine(path_);
    auto alone = make_trainer(saved.ensemble);
    alone.train(3);
    EXPECT_EQ(saved.step, 3);
    EXPECT_EQ(saved.parameters, alone.parameters(0)) << m;
    EXPECT_EQ(saved.optimizer_state, alone.optimizer_state(0)) << m;
  }
  EXPECT_THROW(static_cast<void>(machine_of(trainer, 3)), InvalidArgument);
}

// A machine of wake-sleep has a file as of versions that knew nothing else.
TEST_F(MachineFile, HasWhatReweightedWakeSleepNeedsOnlyThere) {
  auto machine = odd_machine();
  machine.ensemble.particles = 5;
  learn_awake(machine, {0.25, 0});
  save_machine(path_, machine);
  expect_equal(load_machine(path_), machine);
  for (const auto* const name : {"particles", "rates_recognition_wake"}) {
    EXPECT_THAT(bytes_, Not(HasSubstr(name)));
    EXPECT_THAT(read_file(path_), HasSubstr(name));
  }
}

TEST_F(MachineFile, KeepsEveryWorldToTheBit) {
  auto machine = odd_machine();
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    machine.ensemble.world = odd_world(seed);
    save_machine(path_, machine);
    expect_equal(load_machine(path_).ensemble.world, machine.ensemble.world);
  }
}

TEST_F(MachineFile, IsTheSameForTheSameMachine) {
  save_machine(folder_.path() / "again.h5", load_machine(path_));
  EXPECT_EQ(read_file(folder_.path() / "again.h5"), bytes_);
}

// Of a machine that an earlier version could have written, nothing is new.
TEST_F(MachineFile, SaysNothingOfTheDefaultOptimizer) {
  EXPECT_NE(bytes_.find("optimizer"), std::string::npos);
  auto machine = odd_machine();
  machine.ensemble.settings[0].optimizer = {};
  machine.optimizer_state.clear();
  save_machine(path_, machine);
  EXPECT_EQ(read_file(path_).find("optimizer"), std::string::npos);
  expect_equal(load_machine(path_), machine);
}

TEST_F(MachineFile, NeedsTheStateOfItsOptimizer) {
  for (const std::size_t floats : {0U, 1U, 1000U}) {
    auto machine = odd_machine();
    machine.optimizer_state.resize(floats);
    save_machine(path_, machine);
    EXPECT_THROW(load_machine(path_), BadData) << floats;
  }
}

TEST_F(MachineFile, EveryTruncationIsNoticed) {
  for (std::size_t length = 0; length < bytes_.size(); length += 53) {
    write(bytes_.substr(0, length));
    EXPECT_THROW(load_machine(path_), BadData) << length;
  }
  write(bytes_ + '\0');
  EXPECT_THROW(load_machine(path_), BadData);
}

TEST_F(MachineFile, EveryFlippedByteIsNoticed) {
  for (std::size_t i = 0; i < bytes_.size(); i += 3) {
    auto damaged = bytes_;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    write(damaged);
    EXPECT_THROW(load_machine(path_), BadData) << i;
  }
}

/// Someone may seal a damaged file again: the reader behind the seal is on its own then.
TEST_F(MachineFile, ForgedFilesAreReadOrRefused) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "HDF5 1.10 itself reads past its buffers in forged files; their seals must agree";
#endif
  int refused = 0;
  for (std::size_t i = io::kSealBytes; i < bytes_.size(); i += 11) {
    auto forged = bytes_;
    forged[i] = static_cast<char>(forged[i] ^ 0xFF);
    const auto image = forged.substr(io::kSealBytes);
    write(io::seal({.name = "machine"}, "", image) + image);
    try {
      EXPECT_LE(load_machine(path_).parameters.size(), 1000U);
    } catch (const BadData&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 10);
}

/// What a file says when one number in it is another, under a right seal.
template <class Number>
std::string problem_of(const SavedMachine& machine, Number was, Number is) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "machine.h5";
  save_machine(path, machine);
  const auto bytes = [](const Number& number) {
    return std::string(reinterpret_cast<const char*>(&number), sizeof number);
  };
  auto image = read_file(path).substr(io::kSealBytes);
  const auto at = image.find(bytes(was));
  EXPECT_NE(at, std::string::npos);
  EXPECT_EQ(image.find(bytes(was), at + 1), std::string::npos) << "occurs twice";
  image.replace(at, sizeof is, bytes(is));
  std::ofstream(path, std::ios::binary) << io::seal({.name = "machine"}, "", image) << image;
  try {
    load_machine(path);
  } catch (const BadData& error) {
    return error.what();
  }
  return "accepted";
}

TEST(AHostileMachine, IsNamedForWhatIsWrong) {
  auto machine = odd_machine();
  machine.ensemble.batch = 54'321;
  machine.ensemble.machines[0].seed = 0x0123'4567'89AB'CDEF;
  const auto digest = parameters_digest(machine.parameters);
  EXPECT_EQ(problem_of(machine, 54'321, 54'320), "accepted");
  EXPECT_THAT(problem_of(machine, 54'321, 0), HasSubstr("batch"));
  machine.ensemble.particles = 1'234;
  learn_awake(machine, {0, 0.7});
  EXPECT_THAT(problem_of(machine, 1'234, 4'097), HasSubstr("particles"));
  EXPECT_THAT(problem_of(machine, 0.7, -0.7), HasSubstr("learning rate that is negative"));
  EXPECT_THAT(problem_of(machine, machine.step, std::uint64_t{1'000'000'000'001}),
              HasSubstr("more than 10^12 steps"));
  EXPECT_THAT(problem_of(machine, digest, digest + 1), HasSubstr("do not match their digest"));
  EXPECT_THAT(problem_of(machine, 1.0 / 3, -1.0 / 3), HasSubstr("learning rate that is negative"));
}

TEST_F(MachineFile, SaysThatAnotherSchemaIsOne) {
  auto other = bytes_;
  other[other.find("schema 1") + 7] = '2';
  write(other);
  try {
    load_machine(path_);
    FAIL();
  } catch (const BadData& error) {
    EXPECT_NE(std::string(error.what()).find("another schema"), std::string::npos);
  }
}

/// In this process: HDF5 itself must not notice, nor crash when the process ends.
TEST_F(MachineFile, AFileThatMayNotGrowIsAnIoError) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 700, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string message;
  try {
    save_machine(folder_.path() / "full.h5", odd_machine());
  } catch (const IoError& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("full.h5: File too large"), std::string::npos) << message;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(MachineFile, RefusesWhereItCannotWrite) {
  EXPECT_THROW(save_machine(folder_.path() / "none" / "m.h5", odd_machine()), CannotCreate);
  EXPECT_THROW(save_machine(folder_.path(), odd_machine()), CannotCreate);
  EXPECT_THROW(load_machine(folder_.path() / "none.h5"), NoInput);
}

}  // namespace
}  // namespace helmholtz::testing
