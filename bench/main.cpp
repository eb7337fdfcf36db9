// helmholtz_bench: how fast each backend trains and evaluates on this machine. Takes the flags of
// Google Benchmark; every result is verified before it is timed.
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "cases.hpp"
#include "helmholtz/backend.hpp"

namespace {

/// What the figures depend on beside the machine, for the JSON's "context".
void describe_run() {
  for (const auto& backend : helmholtz::list_backends()) {
    benchmark::AddCustomContext("backend " + backend.name, backend.detail);
  }
  const char* const simd = std::getenv("HELMHOLTZ_SIMD");
  benchmark::AddCustomContext("HELMHOLTZ_SIMD", simd == nullptr ? "" : simd);
}

/// Sixty-odd benchmarks in one to three minutes, unless the user asks for another time each.
constexpr const char* kDefaultTime = "--benchmark_min_time=0.3";

/// Without the two hundred that say where `auto` should switch, and those for a GPU.
constexpr const char* kDefaultFilter = "--benchmark_filter=-^(choose|device)/";

int run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin() + 1, {kDefaultTime, kDefaultFilter});
  std::vector<char*> argv;
  argv.reserve(arguments.size());
  for (auto& argument : arguments) argv.push_back(argument.data());
  auto argc = static_cast<int>(argv.size());
  describe_run();
  benchmark::Initialize(&argc, argv.data());
  if (benchmark::ReportUnrecognizedArguments(argc, argv.data())) return 2;
  helmholtz::bench::register_training();
  helmholtz::bench::register_choice();
  helmholtz::bench::register_evaluation();
  helmholtz::bench::register_gemm();
  helmholtz::bench::register_device_training();
  helmholtz::bench::register_device_evaluation();
  helmholtz::bench::register_storage();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "helmholtz_bench: {}\n", error.what());
    return 1;
  }
}
