#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/input_file.hpp"

namespace helmholtz::data {

/// Bytes that deflate makes of one, at most: 258 of two bits.
inline constexpr std::uint64_t kLargestRatio = 1032;

/// Decompresses a file of one or more gzip members, with zeros between or behind them, as tapes and
/// blocks of a disk leave them.
class Gunzip {
 public:
  /// @param file  must outlive this
  explicit Gunzip(const io::InputFile& file);
  ~Gunzip() { inflateEnd(&stream_); }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  /// Fills `out` as far as the content goes. @return the bytes read
  /// @throws BadData if the file is damaged or ends early; IoError
  std::size_t read(std::span<char> out);

 private:
  void refill();
  /// Of the zeros behind a member.
  void skip_padding();

  const io::InputFile& file_;
  std::uint64_t offset_ = 0;
  std::string compressed_;
  z_stream stream_{};
  bool is_complete_ = false;  ///< the last member
};

/// The bytes of a file in order, decompressed if it is gzip.
class ByteStream {
 public:
  /// @throws NoInput, IoError
  explicit ByteStream(const std::filesystem::path& path);

  [[nodiscard]] const std::string& path() const noexcept { return file_.path(); }
  [[nodiscard]] bool is_gzip() const noexcept { return gunzip_ != nullptr; }
  /// The bytes that follow, or, in gzip, the most that may follow in a file of this length.
  [[nodiscard]] std::uint64_t most_bytes_left() const noexcept;
  /// The first bytes, 8 or all that there are; before anything is read.
  std::string_view head();
  /// Fills `out` as far as the content goes. @return the bytes read @throws BadData, IoError
  std::size_t read(std::span<char> out);
  /// @throws BadData
  [[noreturn]] void fail(std::string_view problem) const;

 private:
  void refill();

  io::InputFile file_;
  std::unique_ptr<Gunzip> gunzip_;
  std::uint64_t offset_ = 0;  ///< in the content, behind the buffer
  std::string buffer_;
  std::string_view unread_;
};

}  // namespace helmholtz::data
