#include <utility>

#include "base/input_file.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/run_directory.hpp"
#include "run/config.hpp"
#include "run/manifest.hpp"
#include "run/shard_files.hpp"

namespace helmholtz {

Run::Run(std::filesystem::path path, ShardFiles files)
    : path_(std::move(path)), files_(std::make_shared<const ShardFiles>(std::move(files))) {}

const SweepSpec& Run::spec() const noexcept { return files_->spec(); }
std::uint64_t Run::shards() const noexcept { return files_->shards(); }
bool Run::is_done(std::uint64_t i) const { return files_->state(i) == ShardFiles::State::done; }
Shard Run::read(std::uint64_t i) const { return files_->read(i); }

Shard Run::results() const {
  Shard all(0, 0, spec().evaluations(), spec().evaluation_options());
  for (std::uint64_t i = 0; i < shards(); ++i) {
    if (files_->is_to_be_read(i)) all.append(read(i));
  }
  return all;
}

Run open_run(const std::filesystem::path& path) {
  const RunFiles names(path);
  if (!io::is_there(names.manifest)) throw NoInput(path.string(), "holds no sweep");
  const auto manifest = read_manifest(names.manifest);
  try {
    ShardFiles files(path, read_config(names), manifest.shard_machines);
    if (files.configuration_hash() == manifest.configuration_hash) return {path, std::move(files)};
  } catch (const InvalidArgument& error) {
    throw BadData(names.config.string(), error.what());
  }
  throw BadData(names.config.string(), "is not what manifest.json says");
}

}  // namespace helmholtz
