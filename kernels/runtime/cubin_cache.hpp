#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace helmholtz::cuda {

/// Compiled kernels in a folder, a file a key; in memory where there is no folder or it cannot be
/// written. Several processes may share a folder: files appear whole, by a rename. It only saves
/// time: a file that cannot be read, or is damaged, is as good as none.
class CubinCache {
 public:
  explicit CubinCache(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// In $XDG_CACHE_HOME/helmholtz or ~/.cache/helmholtz; one for the process.
  static CubinCache& of_user();

  /// A key for what a kernel is made from.
  static std::string key(std::string_view all_that_matters);

  [[nodiscard]] std::optional<std::string> read(const std::string& key);
  void write(const std::string& key, std::string_view cubin);

 private:
  [[nodiscard]] std::optional<std::string> read_file(const std::string& key) const;
  [[nodiscard]] bool write_file(const std::string& key, std::string_view cubin) const;
  [[nodiscard]] std::filesystem::path file(const std::string& key) const {
    return folder_ / (key + ".cubin");
  }

  std::filesystem::path folder_;
  std::mutex mutex_;                           // of the next
  std::map<std::string, std::string> memory_;  ///< what could not be written
};

}  // namespace helmholtz::cuda
