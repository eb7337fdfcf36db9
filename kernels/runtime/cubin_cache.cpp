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

}  // namespace

CubinCache CubinCache::of_user() {
  if (const char* const cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/') {
    return CubinCache(fs::path(cache) / "helmholtz");
  }
  const char* const home = std::getenv("HOME");
  return CubinCache(home != nullptr && *home == '/' ? fs::path(home) / ".cache" / "helmholtz"
                                                    : fs::path());
}

std::string CubinCache::key(std::string_view all_that_matters) { return digest(all_that_matters); }

std::optional<std::string> CubinCache::read(const std::string& key) const {
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

void CubinCache::write(const std::string& key, std::string_view cubin) const {
  if (folder_.empty()) return;
  std::error_code ignored;
  fs::create_directories(folder_, ignored);
  auto name = (folder_ / "new-XXXXXX").string();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) return;
  const auto all = digest(cubin).append(cubin);
  const bool written =
      ::write(descriptor, all.data(), all.size()) == static_cast<ssize_t>(all.size());
  const bool closed = close(descriptor) == 0;
  if (written && closed) fs::rename(name, file(key), ignored);
  if (!written || !closed || ignored) fs::remove(name, ignored);
}

}  // namespace helmholtz::cuda
