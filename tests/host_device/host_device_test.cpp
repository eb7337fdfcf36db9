// The program with CUDA backends on a device that is the host: what surrounds the kernels, from the
// command line to the shards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/process.hpp"

namespace helmholtz::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Arguments = std::vector<std::string>;

class HostDevice : public ::testing::Test {
 protected:
  /// 480 machines of two topologies, a sixth of which diverge; samples as well.
  Finished sweep(const std::string& out, const Arguments& backend,
                 const std::vector<std::string>& environment = {}) {
    Arguments arguments = {
        "sweep",        "--layers",  "1,6,9", "--layers", "2,5,9", "--lr",
        "0.05,1e7,0.2", "--seeds",   "0:80",  "--steps",  "60",    "--eval-every",
        "30",           "--samples", "300",   "--out",    out,     "--json"};
    arguments.insert(arguments.end(), backend.begin(), backend.end());
    Process::Options options;
    options.environment = environment;
    options.environment.emplace_back("HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE);
    return run_program(arguments, folder_.path(), options);
  }

  /// The shards by name.
  [[nodiscard]] std::map<std::string, std::string> shards(const std::string& out) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / out / "shards")) {
      files[entry.path().filename().string()] = read_file(entry.path());
    }
    return files;
  }

  /// The same sweep by cpu-fused.
  std::map<std::string, std::string> expected() {
    const auto done = sweep("cpu", {"--backend", "cpu-fused"});
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_GE(nlohmann::json::parse(done.out)["diverged"], 160);
    return shards("cpu");
  }

  TemporaryDirectory folder_;
};

TEST_F(HostDevice, WritesTheCpusShards) {
  const auto cpu = expected();
  ASSERT_FALSE(cpu.empty());
  for (const auto* const devices : {"0", "0,1"}) {
    const auto done = sweep(devices, {"--backend", "cuda-fused", "--device", devices});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_TRUE(shards(devices) == cpu) << "devices " << devices;
  }
}

// A device for a third of the machines: they take turns on it. Then one for none.
TEST_F(HostDevice, TakesMachinesByTurnsWhereMemoryIsShort) {
  const auto cpu = expected();
  const auto done =
      sweep("turns", {"--backend", "cuda-fused"}, {"HELMHOLTZ_HOST_DEVICE_BYTES=150000"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_TRUE(shards("turns") == cpu);
  const auto allowed =
      sweep("allowed", {"--backend", "cuda-fused"}, {"HELMHOLTZ_CUDA_MEMORY=100000"});
  ASSERT_EQ(allowed.exit_code, 0) << allowed.err;
  EXPECT_TRUE(shards("allowed") == cpu);
  const auto none =
      sweep("none", {"--backend", "cuda-fused"}, {"HELMHOLTZ_HOST_DEVICE_BYTES=4000"});
  EXPECT_EQ(none.exit_code, 74);
  EXPECT_THAT(none.err, HasSubstr("memory"));
}

// A device for one block of machines, not for two side by side.
TEST_F(HostDevice, TrainsBlocksAloneWhereTwoDoNotFit) {
  const auto run = [&](const std::string& out, const char* bytes) {
    Process::Options options;
    options.environment = {"HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE,
                           std::string("HELMHOLTZ_HOST_DEVICE_BYTES=") + bytes};
    return run_program({"sweep", "--backend", "cuda-layered", "--layers", "1000,32", "--world",
                        "shifter", "--steps", "1", "--samples", "16", "--save-parameters", "all",
                        "--seeds", "0:64", "--out", out, "--json"},
                       folder_.path(), options);
  };
  const auto roomy = run("roomy", "1000000000");
  ASSERT_EQ(roomy.exit_code, 0) << roomy.err;
  ASSERT_GT(shards("roomy").size(), 3U);
  for (const auto* const out : {"narrow1", "narrow2", "narrow3"}) {
    const auto narrow = run(out, "12000000");
    EXPECT_EQ(narrow.exit_code, 0) << narrow.err;
    EXPECT_TRUE(shards(out) == shards("roomy"));
  }
}

// A device for few of the machines at a time: they take turns, and the means of their optimiser
// with them.
TEST_F(HostDevice, OptimizersTakeTurnsWithTheirMachines) {
  const auto run = [&](const std::string& out, const char* bytes) {
    Process::Options options;
    options.environment = {"HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE,
                           std::string("HELMHOLTZ_HOST_DEVICE_BYTES=") + bytes};
    return run_program({"sweep",   "--backend", "cuda-layered", "--layers",    "1000,32",
                        "--world", "shifter",   "--steps",      "4",           "--eval-every",
                        "2",       "--samples", "16",           "--optimizer", "momentum:0.9",
                        "--seeds", "0:64",      "--out",        out,           "--json"},
                       folder_.path(), options);
  };
  const auto roomy = run("roomy", "1000000000");
  ASSERT_EQ(roomy.exit_code, 0) << roomy.err;
  ASSERT_EQ(shards("roomy").size(), 1U);
  const auto turns = run("turns", "30000000");
  ASSERT_EQ(turns.exit_code, 0) << turns.err;
  EXPECT_TRUE(shards("turns") == shards("roomy"));
}

TEST_F(HostDevice, GoesOnFromAFileWithItsOptimizersState) {
  const auto train = [&](Arguments more) {
    Arguments arguments = {"train",   "--backend", "cuda-layered", "--layers", "2,5,9",
                           "--batch", "4",         "--optimizer",  "adam",     "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Process::Options options;
    options.environment = {"HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE};
    return run_program(arguments, folder_.path(), options);
  };
  const auto whole = train({"--steps", "60", "--save", "whole.h5"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_EQ(train({"--steps", "25", "--save", "half.h5"}).exit_code, 0);
  EXPECT_EQ(train({"--from", "half.h5", "--steps", "35", "--save", "half.h5"}).exit_code, 0);
  EXPECT_EQ(read_file(folder_.path() / "half.h5"), read_file(folder_.path() / "whole.h5"));
}

TEST_F(HostDevice, ThatIsLostEndsTheSweepWhichGoesOnLater) {
  const auto cpu = expected();
  const auto lost = sweep("run", {"--backend", "cuda-fused"}, {"HELMHOLTZ_HOST_FAULT=12"});
  EXPECT_EQ(lost.exit_code, 74);
  EXPECT_THAT(lost.err, AllOf(HasSubstr("illegal memory access"), HasSubstr("cudaError")));
  const auto done = sweep("run", {"--backend", "cuda-fused"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_TRUE(shards("run") == cpu);
}

TEST_F(HostDevice, IsNotTouchedBySweepsOnTheCpu) {
  const auto opened = [&](const char* backend) {
    return sweep(backend, {"--backend", backend}, {"LD_DEBUG=files"}).err;
  };
  EXPECT_THAT(opened("cpu-fused"), Not(HasSubstr(HELMHOLTZ_HOST_DEVICE)));
  EXPECT_THAT(opened("cuda-fused"), HasSubstr(HELMHOLTZ_HOST_DEVICE));
}

// Whatever it says: 999 is cudaErrorUnknown.
TEST_F(HostDevice, ADriverOutOfOrderIsNoDevice) {
  const std::vector<std::string> sick = {"HELMHOLTZ_HOST_DRIVER_ERROR=999"};
  const auto cpu = sweep("cpu", {"--backend", "cpu-fused"}, sick);
  EXPECT_EQ(cpu.exit_code, 0) << cpu.err;
  const auto gpu = sweep("gpu", {"--backend", "cuda-fused"}, sick);
  EXPECT_EQ(gpu.exit_code, 69);
  EXPECT_THAT(gpu.err, HasSubstr("cudaGetDeviceCount"));
  Process::Options options;
  options.environment = sick;
  options.environment.emplace_back("HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE);
  const auto listed = run_program({"backends"}, folder_.path(), options);
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_THAT(listed.out, HasSubstr("CUDA: failed (cudaError"));
}

TEST_F(HostDevice, AutoTakesItForManyMachinesWithMuchToDo) {
  const auto chosen = [&](const char* seeds, const char* steps, const char* more = "999") {
    Process::Options options;
    options.environment = {"HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE,
                           std::string("HELMHOLTZ_HOST_DRIVER_ERROR=") + more};
    const auto done = run_program({"sweep", "--layers", "1,2", "--world", "file:two", "--seeds",
                                   seeds, "--steps", steps, "--dry-run", "--json"},
                                  folder_.path(), options);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return nlohmann::json::parse(done.out)["backend"];
  };
  std::ofstream(folder_.path() / "two") << "0 1\n1 0\n";
  EXPECT_EQ(chosen("0:4096", "244141", "0"), "cuda-fused");  // 10^9 machine-steps
  EXPECT_EQ(chosen("0:4096", "244140", "0"), "cpu-fused");
  EXPECT_EQ(chosen("0:4095", "1000000", "0"), "cpu-fused");
  EXPECT_EQ(chosen("0:4096", "244141"), "cpu-fused");  // where the driver is out of order
}

// Its results are the same anywhere, so whoever resumes it need not have a GPU.
TEST_F(HostDevice, ASweepThatAutoPutsOnItResumesWithoutIt) {
  std::ofstream(folder_.path() / "two") << "0 1\n1 0\n";
  const auto log = folder_.path() / "run" / "log.jsonl";
  const auto logged = [&] {
    std::error_code none;
    const auto size = std::filesystem::file_size(log, none);
    return none ? 0 : size;
  };
  const auto interrupted = [&](const char* driver_error) {
    const auto before = logged();
    Process::Options options;
    options.environment = {"HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE,
                           std::string("HELMHOLTZ_HOST_DRIVER_ERROR=") + driver_error};
    Process sweep({"sweep", "--layers", "1,2", "--world", "file:two", "--seeds", "0:4096",
                   "--steps", "1000000", "--out", "run", "--json"},
                  folder_.path(), options);
    for (int i = 0; i < 300 && logged() == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    sweep.send(SIGTERM);
    return sweep.wait();
  };
  const auto here = interrupted("0");
  ASSERT_EQ(here.exit_code, 75) << here.err;
  EXPECT_THAT(here.out, HasSubstr("cuda-fused"));
  EXPECT_THAT(read_file(folder_.path() / "run" / "manifest.json"), HasSubstr("cuda-fused"));
  EXPECT_THAT(read_file(folder_.path() / "run" / "config.toml"), HasSubstr("backend = \"auto\""));
  const auto there = interrupted("999");
  EXPECT_EQ(there.exit_code, 75) << there.err;
  EXPECT_THAT(there.out, HasSubstr("cpu-fused"));
}

TEST_F(HostDevice, NamesTheKernelThatTrains) {
  const auto done = sweep("run", {"--backend", "cuda-fused"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(nlohmann::json::parse(done.out)["kernels"],
            (std::vector<std::string>{"ThreadRegisters", "ThreadShared"}));
  const auto forced =
      sweep("forced", {"--backend", "cuda-fused"}, {"HELMHOLTZ_CUDA_KERNEL=ThreadGlobal"});
  EXPECT_EQ(nlohmann::json::parse(forced.out)["kernels"], std::vector<std::string>{"ThreadGlobal"});
}

// Here is no driver that would load what NVRTC makes.
TEST_F(HostDevice, AForcedKernelThatCannotBeMadeIsAnError) {
  const auto done =
      sweep("run", {"--backend", "cuda-fused"}, {"HELMHOLTZ_CUDA_KERNEL=WarpRegisters"});
  EXPECT_EQ(done.exit_code, 74);
  EXPECT_THAT(done.err, HasSubstr("HELMHOLTZ_CUDA_KERNEL=WarpRegisters: needs NVRTC"));
}

// Many blocks of them, and runs of neighbours that are kept.
TEST_F(HostDevice, MachinesThatStartElsewhereThanAtZeroAreTheCpus) {
  const auto run = [&](const std::string& backend) {
    Process::Options options;
    options.environment = {"HELMHOLTZ_CUDA_PLUGIN=" HELMHOLTZ_HOST_DEVICE};
    const auto done = run_program({"sweep",    "--layers",  "8,16,32",    "--world",
                                   "shifter",  "--seeds",   "0:4000",     "--lr",
                                   "0.05,0.1", "--steps",   "1",          "--samples",
                                   "1",        "--init",    "normal:0.1", "--save-parameters",
                                   "all",      "--backend", backend,      "--out",
                                   backend,    "--json"},
                                  folder_.path(), options);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    return shards(backend);
  };
  EXPECT_TRUE(run("cuda-fused") == run("cpu-fused"));
}

TEST_F(HostDevice, DevicesThatAreNotThereAreRefused) {
  const auto done = sweep("run", {"--backend", "cuda-fused", "--device", "0,2"});
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_THAT(done.err, HasSubstr("different numbers from 0 to 1"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "run"));
}

TEST_F(HostDevice, ADryRunSaysWhatItTakesOfTheDevice) {
  const auto done = sweep("run", {"--backend", "cuda-fused", "--dry-run"});
  ASSERT_EQ(done.exit_code, 0) << done.err;
  const auto bytes = nlohmann::json::parse(done.out)["device_memory_bytes"].get<double>();
  EXPECT_GE(bytes, 240 * 143 * 4);  // the 240 machines of 1,6,9, the larger topology
  EXPECT_LE(bytes, 240 * 143 * 4 * 2);
  const auto cpu = sweep("run", {"--backend", "cpu-fused", "--dry-run"});
  EXPECT_EQ(nlohmann::json::parse(cpu.out)["device_memory_bytes"], 0);
}

}  // namespace
}  // namespace helmholtz::testing
