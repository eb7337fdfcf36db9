// Whatever a shard's file holds, it is the shard that its sweep expects or a BadData.
#include <cmath>

#include <fmt/format.h>

#include "fuzz/hostile_file.hpp"
#include "run/shard_files.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz::fuzz {
namespace {

SweepSpec small_spec() {
  return {.world = make_world("kirby3x3"),
          .topologies = {Topology({1, 1, 9}), Topology({1, 2, 9})},
          .seeds = SeedSet::parse("3,10:12"),
          .steps = 20,
          .eval_every = 10,
          .samples = 5,
          .log_likelihood = 3,
          .save_parameters = SaveParameters::parse("best:1")};
}

std::vector<Field> shard_fields(const SweepSpec& spec) {
  const auto parameters = spec.topologies[0].parameters() + spec.topologies[1].parameters();
  return {field<std::uint64_t>("seed", {6}, {3, 3, 10, 10, 11, 11}),
          field<std::uint32_t>("configuration", {6}, {0, 1, 0, 1, 0, 1}),
          field<double>("kl_exact", {6, 2}, std::vector<double>(12, 0.5)),
          field<double>("kl_sampled", {6, 2}, std::vector<double>(12, 0.5)),
          field<std::uint32_t>("unseen", {6, 2}, std::vector<std::uint32_t>(12)),
          field<double>("log_likelihood", {6, 2}, std::vector<double>(12, -2.5)),
          field<double>("log_likelihood_error", {6, 2}, std::vector<double>(12, 0.5)),
          field<double>("elbo", {6, 2}, std::vector<double>(12, -3.5)),
          field<double>("effective", {6, 2}, std::vector<double>(12, 0.5)),
          field<std::uint8_t>("diverged", {6, 2}, std::vector<std::uint8_t>(12)),
          field<std::uint64_t>("saved_machines", {2}, {2, 3}),
          field<float>("parameters", {parameters}, std::vector<float>(parameters, 0.5F))};
}

}  // namespace

void fuzz_one(FuzzedDataProvider& data) {
  static const testing::TemporaryDirectory folder;
  static const ShardFiles files(folder.path(), small_spec());
  static const auto fields = shard_fields(files.spec());
  static const bool made = std::filesystem::create_directories(files.folder());
  if (!made) std::abort();
  const auto notes =
      "configuration " + fmt::format("{:016x}", files.configuration_hash()) + "\nmachines 0:6\n";
  write_file(files.path(0), kShardKind, notes, fields, data);
  const auto shard = files.read(0);
  if (files.state(0) != ShardFiles::State::done || shard.machines() != 6) std::abort();
  for (const double value : shard.column("log_likelihood")) {
    if (std::isinf(value)) std::abort();
  }
  if (shard.column("kl_exact").size() != 12 || shard.seeds[5] != 11) std::abort();
}

}  // namespace helmholtz::fuzz
