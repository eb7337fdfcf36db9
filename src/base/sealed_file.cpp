#include "base/sealed_file.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/input_file.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::io {

namespace {

/// XXH3-64 of the notes and the image.
std::uint64_t digest_of(std::string_view notes, std::string_view image) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  if (state == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  for (const auto bytes : {notes, image}) {
    XXH3_64bits_update(state.get(), bytes.data(), bytes.size());
  }
  return XXH3_64bits_digest(state.get());
}

/// What every seal of a kind begins with.
std::string first_words(const SealKind& kind) {
  return fmt::format("helmholtz {}, schema ", kind.name);
}

std::string length_line(std::uint64_t bytes) {
  return fmt::format("HDF5 from byte {}: {} bytes, xxh3 ", kSealBytes, bytes);
}

[[noreturn]] void fail(const InputFile& file, const std::string& problem) {
  throw BadData(file.path(), problem);
}

/// The seal as it stands in the file: its kind, schema and length are right.
std::string read_seal(const InputFile& file, const SealKind& kind) {
  std::string found(kSealBytes, '\0');
  found.resize(file.read_at(0, found));
  if (!found.starts_with(first_words(kind))) fail(file, fmt::format("is no saved {}", kind.name));
  const auto head = fmt::format("{}{}\n", first_words(kind), kind.schema);
  if (!found.starts_with(head)) {
    fail(file, fmt::format("saved in another schema; this program reads {}", kind.schema));
  }
  const auto length = length_line(file.bytes() - std::min<std::uint64_t>(file.bytes(), kSealBytes));
  if (found.size() < kSealBytes || found.compare(head.size(), length.size(), length) != 0) {
    fail(file, "is damaged or cut short (its length does not match)");
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
  auto text = fmt::format("{}{}\n{}{:016x}\n{}", first_words(kind), kind.schema,
                          length_line(image.size()), digest_of(notes, image), notes);
  text.resize(kSealBytes, '\0');
  return text;
}

std::string read_seal_notes(const std::filesystem::path& path, const SealKind& kind) {
  return notes_of(read_seal(InputFile(path), kind));
}

void read_sealed(const std::filesystem::path& path, const SealKind& kind, Sealed& sealed) {
  const InputFile file(path);
  const auto seal = read_seal(file, kind);
  const auto bytes = static_cast<std::size_t>(file.bytes());
  sealed.notes = notes_of(seal);
  if (bytes > sealed.capacity) {
    sealed.capacity = 0;
    sealed.memory = std::make_unique_for_overwrite<char[]>(bytes);
    sealed.capacity = bytes;
  }
  const auto got = file.read_at(0, {sealed.memory.get(), bytes});
  sealed.bytes = {sealed.memory.get(), got};
  if (got < kSealBytes) fail(file, "is damaged or cut short (its length does not match)");
  if (!sealed.bytes.starts_with(io::seal(kind, sealed.notes, sealed.bytes.substr(kSealBytes)))) {
    fail(file, "is damaged or cut short (its digest does not match)");
  }
}

Sealed read_sealed(const std::filesystem::path& path, const SealKind& kind) {
  Sealed sealed;
  read_sealed(path, kind, sealed);
  return sealed;
}

}  // namespace helmholtz::io
