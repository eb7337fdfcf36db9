#include "io/sealed_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <fmt/format.h>
#include <xxhash.h>

#include "helmholtz/error.hpp"
#include "io/descriptor.hpp"

namespace helmholtz::io {

namespace {

/// XXH3-64 of the notes and the image.
class Digest {
 public:
  explicit Digest(std::string_view notes) {
    if (state_ == nullptr) throw std::bad_alloc();
    XXH3_64bits_reset(state_.get());
    add(notes);
  }
  void add(std::string_view bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_{XXH3_createState(),
                                                                  XXH3_freeState};
};

/// What every seal of a kind begins with.
std::string first_words(const SealKind& kind) {
  return fmt::format("helmholtz {}, schema ", kind.name);
}

std::string length_line(std::uint64_t bytes) {
  return fmt::format("HDF5 from byte {}: {} bytes, xxh3 ", kSealBytes, bytes);
}

std::string seal_text(const SealKind& kind, std::string_view notes, std::uint64_t bytes,
                      std::uint64_t digest) {
  auto text = fmt::format("{}{}\n{}{:016x}\n{}", first_words(kind), kind.schema, length_line(bytes),
                          digest, notes);
  text.resize(kSealBytes, '\0');
  return text;
}

/// A sealed file, open.
class Input {
 public:
  explicit Input(const std::filesystem::path& path)
      : path_(path.string()), file_(path, O_RDONLY | O_NONBLOCK) {  // a named pipe must not block
    struct stat status {};
    if (!file_.is_open() || fstat(file_.get(), &status) != 0) {
      throw NoInput(path_, std::strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) throw NoInput(path_, "is no regular file");
    bytes_ = static_cast<std::uint64_t>(status.st_size);
  }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  /// Fills `buffer` from an offset as far as the file goes.
  std::size_t read_at(std::uint64_t offset, std::string& buffer) const {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      const auto got = pread(file_.get(), buffer.data() + filled, buffer.size() - filled,
                             static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw IoError(path_, std::strerror(errno));
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    return filled;
  }

  [[noreturn]] void fail(const std::string& problem) const { throw BadData(path_, problem); }

 private:
  std::string path_;
  Descriptor file_;
  std::uint64_t bytes_ = 0;
};

/// The seal as it stands in the file: its kind, schema and length are right.
std::string read_seal(const Input& file, const SealKind& kind) {
  std::string found(kSealBytes, '\0');
  found.resize(file.read_at(0, found));
  if (!found.starts_with(first_words(kind))) file.fail(fmt::format("is no saved {}", kind.name));
  const auto head = fmt::format("{}{}\n", first_words(kind), kind.schema);
  if (!found.starts_with(head)) {
    file.fail(fmt::format("saved in another schema; this program reads {}", kind.schema));
  }
  const auto length = length_line(file.bytes() - std::min<std::uint64_t>(file.bytes(), kSealBytes));
  if (found.size() < kSealBytes || found.compare(head.size(), length.size(), length) != 0) {
    file.fail("is damaged or cut short (its length does not match)");
  }
  return found;
}

std::string notes_of(const std::string& seal) {
  auto begin = seal.find('\n');
  begin = seal.find('\n', begin + 1);
  const auto end = std::min(seal.find('\0'), seal.size());
  return begin < end ? seal.substr(begin + 1, end - begin - 1) : "";
}

}  // namespace

std::string seal(const SealKind& kind, std::string_view notes, std::string_view image) {
  Digest digest(notes);
  digest.add(image);
  return seal_text(kind, notes, image.size(), digest.value());
}

std::string read_seal_notes(const std::filesystem::path& path, const SealKind& kind) {
  return notes_of(read_seal(Input(path), kind));
}

std::string check_seal(const std::filesystem::path& path, const SealKind& kind) {
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  const Input file(path);
  const auto found = read_seal(file, kind);
  auto notes = notes_of(found);
  Digest digest(notes);
  std::string block(kBlock, '\0');
  std::uint64_t bytes = 0;
  for (std::size_t got = kBlock; got == kBlock; bytes += got) {
    got = file.read_at(kSealBytes + bytes, block);
    digest.add(std::string_view(block).substr(0, got));
  }
  if (found != seal_text(kind, notes, bytes, digest.value())) {
    file.fail("is damaged or cut short (its digest does not match)");
  }
  return notes;
}

}  // namespace helmholtz::io
