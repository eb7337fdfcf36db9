// storage/… — a shard of [1,6,9] with ten evaluations written (with its syncs), read, exported; the
// scan of a run of 10,000 shards. In the folder for temporary files: TMPDIR chooses the disk.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cases.hpp"
#include "helmholtz/random.hpp"
#include "run/export.hpp"
#include "run/shard_files.hpp"

namespace helmholtz::bench {

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("helmholtz-bench-{}", getpid())) {
    std::filesystem::create_directories(path_ / "shards");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// As many machines as fill 4 MiB.
constexpr std::uint64_t kFullShard = 40'960;

SweepSpec full_shards() {
  return {.world = make_world("kirby3x3"),
          .topologies = {Topology({1, 6, 9})},
          .seeds = SeedSet::parse("0:1000000"),
          .steps = 5000,
          .eval_every = 500};
}

/// Shards of three machines: what bounds them is the memory of an enormous batch.
SweepSpec tiny_shards() {
  auto spec = full_shards();
  spec.batches = {Ensemble::kMaxBatch};
  spec.seeds = SeedSet::parse("0:30000");
  spec.steps = 0;
  spec.eval_every = 1;
  return spec;
}

/// With numbers of as many digits as real ones.
Shard shard_of(const ShardFiles& files, std::uint64_t i) {
  const auto& spec = files.spec();
  Shard shard(files.first_machine(i), files.machines(i), spec.evaluations(),
              spec.evaluation_options());
  for (std::uint64_t k = 0; k < shard.machines(); ++k) {
    shard.seeds[k] = spec.seeds[shard.first + k];
    for (std::uint64_t e = 0; e < shard.evaluations; ++e) {
      const auto word = random_word({.seed = shard.seeds[k]}, 0, e);
      shard.set_evaluation(k, e, {.kl_exact = (static_cast<double>(word) + 0.5) / 1e9});
    }
  }
  return shard;
}

void count(benchmark::State& state, std::uint64_t machines, std::uint64_t bytes) {
  using benchmark::Counter;
  state.counters["machines_per_second"] =
      Counter(static_cast<double>(machines), Counter::kIsIterationInvariantRate);
  state.counters["bytes_per_second"] =
      Counter(static_cast<double>(bytes), Counter::kIsIterationInvariantRate);
}

void run_write(benchmark::State& state, const std::string& /*name*/) {
  const TemporaryFolder folder;
  const ShardFiles files(folder.path(), full_shards(), kFullShard);
  const auto shard = shard_of(files, 0);
  std::uint64_t bytes = 0;
  for (auto _ : state) bytes = files.write(shard);
  count(state, shard.machines(), bytes);
}

void run_read(benchmark::State& state, const std::string& name) {
  const TemporaryFolder folder;
  const ShardFiles files(folder.path(), full_shards(), kFullShard);
  const auto shard = shard_of(files, 0);
  const auto bytes = files.write(shard);
  if (files.read(0).values != shard.values) abort_run(name, "reads another KL");
  for (auto _ : state) benchmark::DoNotOptimize(files.read(0).values.data());
  count(state, shard.machines(), bytes);
}

void run_export(benchmark::State& state, const std::string& /*name*/) {
  const TemporaryFolder folder;
  const ShardFiles files(folder.path(), full_shards(), kFullShard);
  const auto shard = shard_of(files, 0);
  std::uint64_t bytes = 0;
  CsvExport csv(files.spec(), [&](std::string_view text) { bytes += text.size(); });
  bytes = 0;
  csv.write(shard);
  const auto each = bytes;
  for (auto _ : state) csv.write(shard);
  count(state, shard.machines(), each);
}

void run_scan(benchmark::State& state, const std::string& name) {
  const TemporaryFolder folder;
  const ShardFiles files(folder.path(), tiny_shards());
  if (files.shards() != 10'000) abort_run(name, fmt::format("{} shards", files.shards()));
  for (std::uint64_t i = 0; i < files.shards(); ++i) {
    std::ofstream(files.path(i), std::ios::binary) << files.bytes(shard_of(files, i));
  }
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < files.shards(); ++i) {
      if (files.state(i) != ShardFiles::State::done) abort_run(name, "a shard is not done");
    }
  }
}

}  // namespace

void register_storage() {
  const auto add = [](const std::string& name, const auto& run) {
    benchmark::RegisterBenchmark(name.c_str(),
                                 [name, run](benchmark::State& state) { run(state, name); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  };
  add("storage/write-shard", run_write);
  add("storage/read-shard", run_read);
  add("storage/export-csv", run_export);
  add("storage/scan/shards:10000", run_scan);
}

}  // namespace helmholtz::bench
