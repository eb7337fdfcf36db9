// helmholtz_bench: how fast each backend trains and evaluates on this machine. Takes the flags of
// Google Benchmark; every result is verified before it is timed.
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "cases.hpp"
#include "helmholtz/backends.hpp"

namespace helmholtz::bench {

namespace {

/// What the figures depend on beside the machine, for the JSON's "context".
void describe_run() {
  for (const auto& backend : list_backends()) {
    benchmark::AddCustomContext("backend " + backend.name, backend.detail);
  }
  const char* const simd = std::getenv("HELMHOLTZ_SIMD");
  benchmark::AddCustomContext("HELMHOLTZ_SIMD", simd == nullptr ? "" : simd);
}

/// Sixty-odd benchmarks in one to three minutes, unless the user asks for another time each.
constexpr const char* kDefaultTime = "--benchmark_min_time=0.3";

/// Without the two hundred that say where `auto` should switch, and those for a GPU.
constexpr const char* kDefaultFilter = "--benchmark_filter=-^(choose|device)/";

/// Registers what the arguments ask for, and takes out those that Google Benchmark does not know.
void register_benchmarks(std::vector<std::string>& arguments) {
  constexpr std::string_view kTrain = "--train=";
  const auto flag = std::find_if(arguments.begin(), arguments.end(),
                                 [&](const std::string& a) { return a.starts_with(kTrain); });
  if (flag != arguments.end()) {
    register_training(std::string_view(*flag).substr(kTrain.size()));
    arguments.erase(flag);
    return;
  }
  register_training();
  register_choice();
  register_evaluation();
  register_gemm();
  register_storage();
  register_device_training();
  register_device_evaluation();
}

int run(std::vector<std::string> arguments) {
  register_benchmarks(arguments);
  arguments.insert(arguments.begin() + 1, {kDefaultTime, kDefaultFilter});
  std::vector<char*> argv;
  argv.reserve(arguments.size());
  for (auto& argument : arguments) argv.push_back(argument.data());
  auto argc = static_cast<int>(argv.size());
  describe_run();
  benchmark::Initialize(&argc, argv.data());
  if (benchmark::ReportUnrecognizedArguments(argc, argv.data())) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace

}  // namespace helmholtz::bench

int main(int argc, char** argv) {
  try {
    return helmholtz::bench::run({argv, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "helmholtz_bench: {}\n", error.what());
    return 1;
  }
}
