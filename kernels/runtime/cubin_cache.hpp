#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace helmholtz::cuda {

/// Compiled kernels in a folder, a file a key. Several processes may share it: files appear whole,
/// by a rename. It only saves time: a file that cannot be read, or is damaged, is as good as none,
/// and one that cannot be written is not.
class CubinCache {
 public:
  explicit CubinCache(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// $XDG_CACHE_HOME/helmholtz, or ~/.cache/helmholtz.
  static CubinCache of_user();

  /// A key for what a kernel is made from.
  static std::string key(std::string_view all_that_matters);

  [[nodiscard]] std::optional<std::string> read(const std::string& key) const;
  void write(const std::string& key, std::string_view cubin) const;

 private:
  [[nodiscard]] std::filesystem::path file(const std::string& key) const {
    return folder_ / (key + ".cubin");
  }

  std::filesystem::path folder_;
};

}  // namespace helmholtz::cuda
