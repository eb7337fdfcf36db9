// What a sweep leaves on disk, and what is added up from it.
#include "sweep/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "helmholtz/error.hpp"
#include "io/hdf5.hpp"
#include "report/fan_chart.hpp"
#include "report/quantiles.hpp"
#include "report/summary_csv.hpp"
#include "support/small_sweep.hpp"
#include "support/temporary_directory.hpp"
#include "sweep/manifest.hpp"
#include "sweep/settings.hpp"

namespace helmholtz {
namespace {

using namespace report;

using testing::shard_of;
using testing::two_configurations;

using ::testing::DoubleEq;
using ::testing::HasSubstr;
using ::testing::Pointwise;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

const std::vector<double> kTenMachines = {0.9, 0.3, 0.7, std::nan(""), 0.8,
                                          0.1, 0.6, 0.2, 0.5,          std::nan("")};

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(Quantiles, AreNumPys) {
  const auto d = describe({4, 1, 3, 2});
  EXPECT_THAT(d.quantiles, Pointwise(DoubleEq(), {1.0, 1.15, 1.75, 2.5, 3.25, 3.85, 4.0}));
  EXPECT_EQ(d.mean, 2.5);
  EXPECT_DOUBLE_EQ(d.sd, std::sqrt(5.0 / 3));
  EXPECT_EQ(d.n, 4U);
}

TEST(Quantiles, OfOneNoneAndInfinity) {
  EXPECT_EQ(describe({7}).quantiles[kMedian], 7);
  EXPECT_TRUE(std::isnan(describe({7}).sd));
  EXPECT_TRUE(std::isnan(describe({}).quantiles[kMedian]));
  EXPECT_TRUE(std::isnan(describe({}).mean));
  const auto d = describe({kInfinity, 1, kInfinity});
  EXPECT_EQ(d.quantiles[kMin], 1);
  EXPECT_EQ(d.quantiles[kQ25], kInfinity);
  EXPECT_EQ(d.quantiles[kMax], kInfinity);
  EXPECT_EQ(d.mean, kInfinity);
  EXPECT_TRUE(std::isnan(d.sd));
}

class ARun : public ::testing::Test {
 protected:
  /// All shards that the directory wants, trained.
  void sweep(RunDirectory& directory, const SweepSpec& spec) {
    const std::array<ShardSink*, 1> sinks = {&directory};
    SweepOptions options;
    options.wanted = [&](std::uint64_t shard) { return directory.wants(shard); };
    trained_ = run_sweep(spec, options, sinks).machines;
  }
  void sweep(const SweepSpec& spec, SweepPart part = {}) {
    RunDirectory directory(path_, spec, part);
    sweep(directory, spec);
  }
  [[nodiscard]] std::string message(const SweepSpec& spec) const {
    try {
      RunDirectory directory(path_, spec);
    } catch (const CannotCreate& error) {
      return error.what();
    }
    return "opened";
  }

  testing::TemporaryDirectory temporary_;
  std::filesystem::path path_ = temporary_.path() / "new" / "run";
  std::uint64_t trained_ = 0;
};

TEST_F(ARun, HoldsWhatItWasGiven) {
  const auto spec = two_configurations();
  const auto shard = shard_of(spec, kTenMachines);
  RunDirectory directory(path_, spec);
  EXPECT_TRUE(directory.wants(0));
  directory.write(shard);
  EXPECT_FALSE(directory.wants(0));
  EXPECT_TRUE(directory.is_complete());
  const auto found = ShardFiles(path_, spec).read(0);
  EXPECT_EQ(found.seeds, shard.seeds);
  EXPECT_EQ(found.configurations, shard.configurations);
  EXPECT_EQ(found.diverged, shard.diverged);
  EXPECT_EQ(std::memcmp(found.kl_exact.data(), shard.kl_exact.data(), 20 * sizeof(double)), 0);
  EXPECT_THAT(read(path_ / "config.toml"), HasSubstr("seeds = \"0:5\"\n"));
  EXPECT_EQ(read_manifest(path_ / "manifest.json").configuration_hash,
            configuration_hash(settings_of(spec)));
}

TEST_F(ARun, GoesOnWhereShardsAreMissing) {
  const auto spec = two_configurations();
  sweep(spec);
  EXPECT_EQ(trained_, spec.machines());
  sweep(spec);
  EXPECT_EQ(trained_, 0U);
  std::filesystem::remove(path_ / "shards" / "00000000.h5");
  sweep(spec);
  EXPECT_EQ(trained_, spec.machines());
}

TEST_F(ARun, IsExtendedByMoreSeeds) {
  auto spec = two_configurations();
  spec.batches = {Ensemble::kMaxBatch};  // shards of three machines
  spec.steps = 0;
  spec.backend = "reference";
  sweep(spec);
  spec.seeds = SeedSet::parse("0:5,100:110");
  sweep(spec);
  EXPECT_EQ(trained_, spec.machines() - 9);  // the short shard again
  EXPECT_GT(ShardFiles(path_, spec).shards(), 1U);
  EXPECT_THAT(read(path_ / "config.toml"), HasSubstr("seeds = \"0:5,100:110\"\n"));
  const auto extended = read(path_ / "shards" / "00000001.h5");
  path_ = temporary_.path() / "at once";
  sweep(spec);
  EXPECT_EQ(read(path_ / "shards" / "00000001.h5"), extended);
  spec.seeds = SeedSet::parse("0:5");
  EXPECT_THAT(message(spec), HasSubstr("seeds: 0:5,100:110 there, 0:5 now"));
}

TEST_F(ARun, RefusesAnotherConfigurationAndNamesTheDifference) {
  auto spec = two_configurations();
  sweep(spec);
  spec.threads = 2;
  spec.backend = "reference";  // the same bits
  EXPECT_EQ(message(spec), "opened");
  spec.rates = {0.05, 0.2};
  spec.nonnegative = true;
  EXPECT_THAT(message(spec), HasSubstr("holds another sweep: lr: 0.05; 0.1 there, 0.05; 0.2 now; "
                                       "nonnegative: false there, true now"));
  spec = two_configurations();
  spec.backend = "cpu-layered";
  EXPECT_THAT(message(spec), HasSubstr("backend: exact there, cpu-layered now"));
}

TEST_F(ARun, AWorldIsItsPatterns) {
  const auto a = temporary_.path() / "a";
  std::ofstream(a) << "110110110\n001001001 | 2\n";
  auto spec = two_configurations();
  spec.world = make_world("file:" + a.string());
  sweep(spec);
  spec.world = make_world("file:" + (path_ / "world.txt").string());
  EXPECT_EQ(message(spec), "opened");
  std::ofstream(a) << "110110110\n001001001 | 3\n";
  spec.world = make_world("file:" + a.string());
  EXPECT_THAT(message(spec), HasSubstr("world: 9 units, 2 patterns"));
}

TEST_F(ARun, RefusesAWorldThatItsConfigurationCannotName) {
  auto spec = two_configurations();
  for (const auto* name : {"a\nb", "both \" and '"}) {
    spec.world = {std::string("file:") + name,
                  {.rows = 1, .columns = 9},
                  {{.bits = std::vector<std::uint8_t>(9)}}};
    EXPECT_THROW(RunDirectory(path_, spec), InvalidArgument);
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(ARun, LeavesFilesOfOthersAlone) {
  const auto spec = two_configurations();
  std::filesystem::create_directories(path_);
  for (const auto* name : {"config.toml", "world.txt", "log.jsonl", "lock", "summary.csv", "shards",
                           "report.html", ".note.tmp"}) {
    std::ofstream(path_ / name) << "mine";
    EXPECT_THAT(message(spec), HasSubstr(std::string("run/") + name + ": is there already"));
    EXPECT_EQ(read(path_ / name), "mine");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 1) << name;
    std::filesystem::remove(path_ / name);
  }
  std::filesystem::create_directory(path_ / "shards");
  std::ofstream(path_ / "shards" / "00000000.h5") << "mine";
  EXPECT_THAT(message(spec), HasSubstr("run/shards: is there already"));
}

TEST_F(ARun, ThatWasKilledWhenItWasMadeIsMade) {
  const auto spec = two_configurations();
  sweep(spec);
  const auto manifest = read(path_ / "manifest.json");
  for (const auto* name : {"manifest.json", "summary.csv"}) std::filesystem::remove(path_ / name);
  std::filesystem::remove(path_ / "shards" / "00000000.h5");
  std::ofstream(path_ / "log.jsonl");
  std::ofstream(path_ / ".manifest.json.tmp") << "{";
  EXPECT_EQ(message(spec), "opened");
  EXPECT_EQ(read(path_ / "manifest.json"), manifest);
}

TEST_F(ARun, WritesNothingIntoOneThatItRefuses) {
  auto spec = two_configurations();
  std::filesystem::create_directories(path_);
  std::ofstream(path_ / "manifest.json") << R"({"name": "a web page"})";
  EXPECT_THROW(RunDirectory(path_, spec), BadData);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path_), {}), 1);
}

TEST_F(ARun, IsReadOnlyWithTheSettingsOfItsHash) {
  sweep(two_configurations());
  auto manifest = read(path_ / "manifest.json");
  const std::string steps = R"("steps": "20")";
  ASSERT_NE(manifest.find(steps), manifest.npos);
  std::ofstream(path_ / "manifest.json")
      << manifest.replace(manifest.find(steps), steps.size(), R"("steps": "30")");
  EXPECT_THROW(static_cast<void>(read_manifest(path_ / "manifest.json")), BadData);
}

TEST_F(ARun, OfMoreSeedsHasNoOldSummary) {
  auto spec = two_configurations();
  RunDirectory fewer(path_, spec, {.k = 0, .n = 1});
  fewer.write_summary("old");
  EXPECT_EQ(read(path_ / "summary.csv"), "old");
  std::ofstream(path_ / "report.html") << "old";
  spec.seeds = SeedSet::parse("0:9");
  const RunDirectory more(path_, spec);  // this process may hold a lock twice
  EXPECT_FALSE(std::filesystem::exists(path_ / "summary.csv"));
  EXPECT_FALSE(std::filesystem::exists(path_ / "report.html"));
  fewer.write_summary("old");
  EXPECT_FALSE(std::filesystem::exists(path_ / "summary.csv"));
}

TEST_F(ARun, NamesTheMachinesOfAShardUnderAnothersName) {
  auto spec = two_configurations();
  spec.batches = {Ensemble::kMaxBatch};  // several shards
  spec.steps = 0;
  spec.seeds = SeedSet::parse("0:40");
  spec.backend = "reference";
  sweep(spec);
  const ShardFiles files(path_, spec);
  ASSERT_GT(files.shards(), 1U);
  std::filesystem::copy_file(files.path(0), files.path(1),
                             std::filesystem::copy_options::overwrite_existing);
  try {
    static_cast<void>(files.read(1));
    FAIL();
  } catch (const BadData& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("holds machines 0 to " + std::to_string(files.machines(0) - 1)));
  }
}

TEST(Events, OfAnotherKindAreDropped) {
  const testing::TemporaryDirectory temporary;
  const auto path = temporary.path() / "log.jsonl";
  const EventLog log(path);
  std::ofstream(path, std::ios::app)
      << R"({"event": "shard", "process": "seven", "host": "a"})" << '\n'
      << R"({"event": "shard", "process": 7, "host": "a", "seconds": {}})"
      << "\n[1]\n7\n{\"ev\n";
  log.write("shard", {{"machines", 3}, {"seconds", 0.5}});
  const auto events = read_events(path);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, "shard");
  EXPECT_EQ(events[0].process, getpid());
  EXPECT_EQ(events[0].machines, 3);
}

TEST(Settings, DifferInAFewWords) {
  const auto text = difference({{"lr", std::string(1000, '1')}}, {{"lr", std::string(1000, '2')}});
  EXPECT_LT(text.size(), 200U);
  EXPECT_THAT(text, HasSubstr("lr: 111"));
}

TEST_F(ARun, RefusesWhatIsNoRun) {
  const auto spec = two_configurations();
  std::ofstream(temporary_.path() / "note") << "mine";
  EXPECT_THROW(RunDirectory(temporary_.path(), spec), CannotCreate);
  EXPECT_THROW(RunDirectory(temporary_.path() / "note", spec), CannotCreate);
  std::ofstream(temporary_.path() / "lock");
  std::ofstream(temporary_.path() / "config.toml") << "theirs";
  EXPECT_THROW(RunDirectory(temporary_.path(), spec), CannotCreate);
  EXPECT_EQ(read(temporary_.path() / "config.toml"), "theirs");
  EXPECT_THROW(RunDirectory(temporary_.path() / "note" / "run", spec), CannotCreate);
  EXPECT_THROW(RunDirectory("/proc/helmholtz", spec), CannotCreate);
}

TEST_F(ARun, PutsBadShardsAside) {
  const auto spec = two_configurations();
  sweep(spec);
  const auto shard = path_ / "shards" / "00000000.h5";
  const auto good = read(shard);
  for (const std::size_t flipped : {std::size_t{100}, good.size() - 20}) {
    auto bad = good;
    bad[flipped] = static_cast<char>(bad[flipped] ^ 4);
    std::ofstream(shard, std::ios::binary) << bad;
    RunDirectory directory(path_, spec);
    Summary summary(spec);
    EXPECT_TRUE(directory.wants(0) || !directory.read(summary));
    EXPECT_TRUE(directory.wants(0));
    sweep(directory, spec);
    EXPECT_EQ(read(shard), good);
  }
  EXPECT_TRUE(std::filesystem::exists(path_ / "shards" / "00000000.h5.bad-1"));
  EXPECT_TRUE(std::filesystem::exists(path_ / "shards" / "00000000.h5.bad-2"));
}

/// A shard whose seal is right and whose content is not.
class AHostileShard : public ARun {
 protected:
  void SetUp() override {
    sweep(spec_);
    notes_ = io::check_seal(shard_(), kShardKind);
  }
  [[nodiscard]] std::filesystem::path shard_() const { return path_ / "shards" / "00000000.h5"; }

  /// What is said of a file with these datasets; `bytes` is what the file may have at most.
  std::string problem(const std::function<void(hdf5::Writer&)>& fill) const {
    hdf5::Writer file("hostile", io::kSealBytes);
    fill(file);
    return problem(file.image());
  }
  std::string problem(const std::string& image) const {
    std::filesystem::remove(shard_());
    std::ofstream(shard_(), std::ios::binary) << io::seal(kShardKind, notes_, image) << image;
    try {
      const auto shard = ShardFiles(path_, spec_).read(0);
      EXPECT_EQ(shard.machines(), spec_.machines());
    } catch (const BadData& error) {
      return error.what();
    }
    return "accepted";
  }

  SweepSpec spec_ = two_configurations();
  std::string notes_;
};

TEST_F(AHostileShard, IsNamedForWhatIsWrong) {
  const auto good = ShardFiles(path_, spec_).read(0);
  const auto columns = [&](const Shard& shard) {
    return [&](hdf5::Writer& file) {
      file.dataset<std::uint64_t>("seed", {shard.seeds.size()}, shard.seeds);
      file.dataset<std::uint32_t>("configuration", {shard.configurations.size()},
                                  shard.configurations);
      file.dataset<double>("kl_exact", {shard.kl_exact.size() / 2, 2}, shard.kl_exact);
      file.dataset<std::uint8_t>("diverged", {shard.diverged.size() / 2, 2}, shard.diverged);
    };
  };
  EXPECT_EQ(problem(columns(good)), "accepted");
  EXPECT_THAT(problem([](hdf5::Writer&) {}), HasSubstr("seed: is missing"));
  auto bad = good;
  bad.seeds.push_back(1);
  EXPECT_THAT(problem(columns(bad)), HasSubstr("seed: has another size"));
  bad = good;
  bad.seeds[3] = 17;
  EXPECT_THAT(problem(columns(bad)), HasSubstr("other machines"));
  bad = good;
  bad.configurations[3] = 0;
  EXPECT_THAT(problem(columns(bad)), HasSubstr("other machines"));
  bad = good;
  bad.kl_exact[5] = -1;
  EXPECT_THAT(problem(columns(bad)), HasSubstr("exact KL out of range"));
  bad.kl_exact[5] = kInfinity;
  EXPECT_THAT(problem(columns(bad)), HasSubstr("exact KL out of range"));
  bad = good;
  bad.diverged[5] = 1;  // with a number
  EXPECT_THAT(problem(columns(bad)), HasSubstr("status out of range"));
  EXPECT_THAT(problem([&](hdf5::Writer& file) {
                file.dataset<float>("seed", {10}, std::vector<float>(10));
              }),
              HasSubstr("seed: is incomplete"));
  EXPECT_THAT(problem("no HDF5 at all"), HasSubstr("cannot be opened as HDF5"));
}

/// Sizes whose product overflows, in a file of a few kilobytes.
TEST_F(AHostileShard, OfHugeSizesAllocatesNothing) {
  const hsize_t huge = hsize_t{1} << 62U;
  const auto image = [&](const std::vector<hsize_t>& extent) {
    const hdf5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    H5Pset_fapl_core(access.get(), 1 << 16, false);
    const hdf5::Handle file(H5Fcreate("/dev/null/memory", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()),
                            H5Fclose);
    const hdf5::Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    const std::vector<hsize_t> chunk(extent.size(), 1);
    H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
    const hdf5::Handle space(
        H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
    {
      const hdf5::Handle dataset(H5Dcreate2(file.get(), "seed", H5T_STD_U64LE, space.get(),
                                            H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                                 H5Dclose);
      EXPECT_TRUE(dataset.valid());
    }
    H5Fflush(file.get(), H5F_SCOPE_GLOBAL);
    std::string bytes(static_cast<std::size_t>(H5Fget_file_image(file.get(), nullptr, 0)), '\0');
    H5Fget_file_image(file.get(), bytes.data(), bytes.size());
    return bytes;
  };
  EXPECT_THAT(problem(image({huge})), HasSubstr("seed: has another size"));
  EXPECT_THAT(problem(image({huge, 4})), HasSubstr("another number of dimensions"));
  EXPECT_THAT(problem(image({10})), HasSubstr("seed: is incomplete"));
}

/// As for machine files, HDF5 itself is on its own behind a forged seal.
TEST_F(AHostileShard, OfForgedBytesIsReadOrRefused) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "HDF5 1.10 itself reads past its buffers in forged files";
#endif
  const auto image = read(shard_()).substr(io::kSealBytes);
  int refused = 0;
  for (std::size_t i = 0; i < image.size(); i += 5) {
    auto forged = image;
    forged[i] = static_cast<char>(forged[i] ^ 0xFF);
    refused += problem(forged) == "accepted" ? 0 : 1;
  }
  EXPECT_GT(refused, 10);
}

TEST_F(AHostileShard, CutOrGrownIsBad) {
  const auto bytes = read(shard_());
  const ShardFiles files(path_, spec_);
  for (const auto length : {std::size_t{0}, std::size_t{100}, io::kSealBytes, bytes.size() - 1}) {
    std::ofstream(shard_(), std::ios::binary) << bytes.substr(0, length);
    EXPECT_EQ(files.state(0), ShardFiles::State::bad);
    EXPECT_THROW(static_cast<void>(files.read(0)), BadData);
  }
  std::ofstream(shard_(), std::ios::binary) << bytes;
  std::filesystem::resize_file(shard_(), std::uintmax_t{1} << 40U);  // a terabyte, sparse
  EXPECT_EQ(files.state(0), ShardFiles::State::bad);
  EXPECT_THROW(static_cast<void>(files.read(0)), BadData);
}

TEST(Parts, CoverAllShardsOnce) {
  for (const std::uint64_t shards : {0U, 1U, 7U, 100U}) {
    std::uint64_t next = 0;
    for (std::uint64_t k = 0; k < 8; ++k) {
      const auto range = SweepPart{.k = k, .n = 8}.of(shards);
      EXPECT_EQ(range.first, next);
      EXPECT_LE(range.count, shards / 8 + 1);
      next += range.count;
    }
    EXPECT_EQ(next, shards);
  }
}

/// Locks are between processes, so the other holder is one.
TEST(Locks, NameTheirHolders) {
  const testing::TemporaryDirectory temporary;
  const auto path = temporary.path() / "lock";
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  const auto child = fork();
  if (child == 0) {
    const LockFile lock(path, LockFile::Access::write);
    const bool both =
        !lock.try_lock({.first = 2, .count = 3}) && !lock.try_lock({.first = 8, .count = 1});
    static_cast<void>(write(ready[1], both ? "y" : "n", 1) == 1);
    pause();
  }
  char both = 'n';
  ASSERT_EQ(::read(ready[0], &both, 1), 1);
  EXPECT_EQ(both, 'y');
  const LockFile lock(path, LockFile::Access::write);
  EXPECT_FALSE(lock.try_lock({.first = 0, .count = 2}));
  const auto holder = lock.try_lock({.first = 0, .count = 10});
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->process, child);
  const auto holders = lock.holders({.first = 0, .count = 100});
  ASSERT_EQ(holders.size(), 2U);
  EXPECT_EQ(holders[0].range.first, 2U);
  EXPECT_EQ(holders[0].range.count, 3U);
  EXPECT_EQ(holders[1].range.first, 8U);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(lock.try_lock({.first = 0, .count = 10}));
}

TEST(FanChart, ShowsTheMedianFalling) {
  const auto chart = fan_chart({describe({2, 2, 2}), describe({1, 1, 1})}, "10", "20");
  EXPECT_THAT(chart, HasSubstr("  2.000 ┤██████████████████████████████          "));
  EXPECT_THAT(chart, HasSubstr("10"));
  EXPECT_EQ(fan_chart({describe({})}, "10", "20"), "");
}

}  // namespace
}  // namespace helmholtz
