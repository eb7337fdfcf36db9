#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/input_file.hpp"
#include "helmholtz/run_directory.hpp"

namespace helmholtz {

/// Who writes which shards: POSIX locks on bytes of a file that stays empty, byte = shard. They end
/// with their process, however it ends. A process opens the file once: closing it a second time
/// would end its locks.
class LockFile {
 public:
  struct Holder {
    ShardRange range;
    pid_t process = 0;
  };
  enum class Access { read, write };

  /// @throws CannotCreate (write), NoInput (read: there is none), IoError
  LockFile(const std::filesystem::path& path, Access access);

  /// Takes a range for as long as this process lives. @return who holds a part of it, if not taken
  [[nodiscard]] std::optional<Holder> try_lock(ShardRange range) const;
  /// Every other process that holds a part of the range.
  [[nodiscard]] std::vector<Holder> holders(ShardRange range) const;

  /// While it lives, no other process changes the directory itself.
  class Exclusive {
   public:
    explicit Exclusive(const LockFile& file);
    ~Exclusive();
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;

   private:
    const LockFile& file_;
  };

 private:
  [[nodiscard]] std::optional<Holder> first_holder(ShardRange range) const;
  [[nodiscard]] bool set(short type, ShardRange range, int command) const;

  std::filesystem::path path_;
  io::Descriptor file_;
};

}  // namespace helmholtz
