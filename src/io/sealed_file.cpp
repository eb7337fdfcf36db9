#include "io/sealed_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <xxhash.h>

#include "helmholtz/error.hpp"
#include "io/descriptor.hpp"

namespace helmholtz::io {

namespace {

constexpr std::string_view kFormat = "helmholtz machine, schema ";

/// Fills `buffer` from an offset as far as the file goes.
std::size_t read_at(const Descriptor& file, const std::string& path, std::uint64_t offset,
                    std::string& buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const auto got = pread(file.get(), buffer.data() + filled, buffer.size() - filled,
                           static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw IoError(path, std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

/// The seal that belongs to the bytes behind it, padded with zeros.
std::string seal_of(const Descriptor& file, const std::string& path) {
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  if (state == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  std::string block(kBlock, '\0');
  std::uint64_t bytes = 0;
  for (std::size_t got = kBlock; got == kBlock; bytes += got) {
    got = read_at(file, path, kSealBytes + bytes, block);
    XXH3_64bits_update(state.get(), block.data(), got);
  }
  auto seal = fmt::format("{}{}\nHDF5 from byte {}: {} bytes, xxh3 {:016x}\n", kFormat, kSchema,
                          kSealBytes, bytes, XXH3_64bits_digest(state.get()));
  seal.resize(kSealBytes, '\0');
  return seal;
}

}  // namespace

void write_seal(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDWR);
  if (!file.is_open()) throw IoError(path.string(), std::strerror(errno));
  const auto seal = seal_of(file, path.string());
  const auto written = pwrite(file.get(), seal.data(), seal.size(), 0);
  if (written != static_cast<ssize_t>(seal.size())) {
    throw IoError(path.string(), written < 0 ? std::strerror(errno) : "short write");
  }
}

void check_seal(const std::filesystem::path& path) {
  const auto name = path.string();
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);  // a named pipe must not block
  struct stat status {};
  if (!file.is_open() || fstat(file.get(), &status) != 0) throw NoInput(name, std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw NoInput(name, "is no regular file");
  std::string found(kSealBytes, '\0');
  found.resize(read_at(file, name, 0, found));
  if (!found.starts_with(kFormat)) throw BadData(name, "is no saved machine");
  if (!found.starts_with(fmt::format("{}{}\n", kFormat, kSchema))) {
    throw BadData(name, fmt::format("saved in another schema; this program reads {}", kSchema));
  }
  if (found != seal_of(file, name)) {
    throw BadData(name, "is damaged or cut short (its digest does not match)");
  }
}

}  // namespace helmholtz::io
