#include "kernels/runtime/cubin_cache.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace helmholtz::cuda {

namespace {

namespace fs = std::filesystem;

std::string digest(std::string_view text) {
  const auto hash = XXH3_128bits(text.data(), text.size());
  char hex[33];
  std::snprintf(hex, sizeof(hex), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return hex;
}

constexpr std::size_t kDigest = 32;

/// Empty if the environment names none.
fs::path folder_of_user() {
  if (const char* const cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return fs::path(cache) / "helmholtz";
  }
  const char* const home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? fs::path(home) / ".cache" / "helmholtz" : fs::path();
}

}  // namespace

CubinCache& CubinCache::of_user() {
  static CubinCache cache(folder_of_user());
  return cache;
}

std::string CubinCache::key(std::string_view all_that_matters) { return digest(all_that_matters); }

std::optional<std::string> CubinCache::read(const std::string& key) {
  if (auto cubin = read_file(key)) return cubin;
  const std::scoped_lock lock(mutex_);
  const auto found = memory_.find(key);
  return found == memory_.end() ? std::nullopt : std::optional(found->second);
}

void CubinCache::write(const std::string& key, std::string_view cubin) {
  if (write_file(key, cubin)) return;
  const std::scoped_lock lock(mutex_);
  memory_.insert_or_assign(key, std::string(cubin));
}

std::optional<std::string> CubinCache::read_file(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream in(file(key), std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return std::nullopt;
  const auto all = text.str();
  if (all.size() <= kDigest || all.substr(0, kDigest) != digest(all.substr(kDigest))) {
    return std::nullopt;
  }
  return all.substr(kDigest);
}

bool CubinCache::write_file(const std::string& key, std::string_view cubin) const {
  if (folder_.empty()) return false;
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  auto name = (folder_ / "new-XXXXXX").string();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) return false;
  const auto all = digest(cubin).append(cubin);
  const bool written =
      ::write(descriptor, all.data(), all.size()) == static_cast<ssize_t>(all.size());
  const bool closed = close(descriptor) == 0;
  std::error_code failed;
  if (written && closed) fs::rename(name, file(key), failed);
  if (written && closed && !failed) return true;
  fs::remove(name, ignored);
  return false;
}

}  // namespace helmholtz::cuda
