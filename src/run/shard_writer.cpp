#include "run/shard_writer.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "helmholtz/error.hpp"

namespace helmholtz {

ShardWriter::ShardWriter(const ShardFiles& files, const EventLog& log, Json made_by)
    : files_(files), log_(log), made_by_(std::move(made_by)) {}

void ShardWriter::require_whole(const Shard& shard) const {
  if (shard.first % files_.shard_machines() == 0 && shard.first < files_.spec().machines() &&
      shard.machines() == files_.machines(files_.shard_of(shard.first))) {
    return;
  }
  throw InvalidArgument(
      "shard_machines", std::to_string(shard.machines()),
      fmt::format("{}, as in {}", files_.shard_machines(), files_.folder().parent_path().string()));
}

void ShardWriter::write_all(std::span<const Shard> shards) {
  std::vector<Shard> missing;
  for (const auto& shard : shards) {
    require_whole(shard);
    if (rivals_ == Rivals::none) continue;
    if (files_.state(files_.shard_of(shard.first)) != ShardFiles::State::done) {
      missing.push_back(shard);
    }
  }
  if (rivals_ == Rivals::possible) shards = missing;
  const auto bytes = files_.write_all(shards, rivals_);
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  for (std::size_t k = 0; k < shards.size(); ++k) {
    Json details = {{"shard", files_.shard_of(shards[k].first)},
                    {"machines", shards[k].machines()},
                    {"bytes", bytes[k]},
                    {"seconds", seconds / static_cast<double>(shards.size())}};
    details.update(made_by_);
    log_.write("shard", details);
  }
}

}  // namespace helmholtz
