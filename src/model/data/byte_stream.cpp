#include "model/data/byte_stream.hpp"

#include <algorithm>
#include <array>
#include <new>

#include <fmt/format.h>

#include "helmholtz/error.hpp"

namespace helmholtz::data {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 16;

bool begins_as_gzip(const io::InputFile& file) {
  std::array<char, 2> magic{};
  return file.read_at(0, magic) == magic.size() && magic[0] == '\x1F' && magic[1] == '\x8B';
}

}  // namespace

Gunzip::Gunzip(const io::InputFile& file) : file_(file), compressed_(kBufferBytes, '\0') {
  constexpr int kGzip = 15 + 16;  // the largest window, with gzip's header
  if (inflateInit2(&stream_, kGzip) != Z_OK) throw std::bad_alloc();
}

void Gunzip::refill() {
  const auto got = file_.read_at(offset_, compressed_);
  offset_ += got;
  stream_.next_in = reinterpret_cast<Bytef*>(compressed_.data());
  stream_.avail_in = static_cast<uInt>(got);
}

void Gunzip::skip_padding() {
  while (stream_.avail_in > 0) {
    while (stream_.avail_in > 0 && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
    }
    if (stream_.avail_in > 0) return;
    refill();
  }
}

std::size_t Gunzip::read(std::span<char> out) {
  stream_.next_out = reinterpret_cast<Bytef*>(out.data());
  stream_.avail_out = static_cast<uInt>(out.size());
  while (stream_.avail_out > 0) {
    if (stream_.avail_in == 0) refill();
    if (is_complete_) skip_padding();
    if (stream_.avail_in == 0 && is_complete_) break;
    if (stream_.avail_in == 0) throw BadData(file_.path(), "is gzip cut short");
    if (is_complete_) inflateReset(&stream_);
    const auto status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_OK && status != Z_STREAM_END) {
      const auto* const problem = stream_.msg != nullptr ? stream_.msg : "needs a dictionary";
      throw BadData(file_.path(), is_complete_ ? "has bytes after its gzip content"
                                               : fmt::format("is damaged gzip ({})", problem));
    }
    is_complete_ = status == Z_STREAM_END;
  }
  return out.size() - stream_.avail_out;
}

ByteStream::ByteStream(const std::filesystem::path& path)
    : file_(path),
      gunzip_(begins_as_gzip(file_) ? std::make_unique<Gunzip>(file_) : nullptr),
      buffer_(kBufferBytes, '\0') {}

std::uint64_t ByteStream::most_bytes_left() const noexcept {
  const auto most = file_.bytes() * (is_gzip() ? kLargestRatio : 1);
  return most - std::min(most, offset_ - unread_.size());  // a file may grow
}

void ByteStream::fail(std::string_view problem) const { throw BadData(path(), problem); }

std::string_view ByteStream::head() {
  if (unread_.empty()) refill();
  return unread_.substr(0, 8);
}

void ByteStream::refill() {
  const auto got = gunzip_ ? gunzip_->read(buffer_) : file_.read_at(offset_, buffer_);
  offset_ += got;
  unread_ = std::string_view(buffer_).substr(0, got);
}

std::size_t ByteStream::read(std::span<char> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    if (unread_.empty()) refill();
    if (unread_.empty()) break;
    const auto copied = unread_.copy(out.data() + filled, out.size() - filled);
    unread_.remove_prefix(copied);
    filled += copied;
  }
  return filled;
}

}  // namespace helmholtz::data
