#pragma once

#include <hdf5.h>
#include <pthread.h>

#include <bit>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The little of HDF5's C API that machine files and shards take, every status checked.
namespace helmholtz::hdf5 {

/// Owns an identifier and closes it by its kind.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close closer) : id_(id), close_(closer) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  Handle& operator=(Handle&&) = delete;

  [[nodiscard]] hid_t get() const noexcept { return id_; }
  [[nodiscard]] bool valid() const noexcept { return id_ >= 0; }

 private:
  hid_t id_;
  Close close_;
};

/// A thread's use of HDF5, which has room for one at a time: others wait. While it lives, HDF5
/// prints no error stack of its own.
class Session {
 public:
  Session() : turn_(in_use) {
    static const bool is_guarded = guard_forks();
    (void)is_guarded;
    H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Session() { H5Eset_auto2(H5E_DEFAULT, function_, data_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  /// A child process must not begin with HDF5 in the hands of a thread that it does not have.
  static bool guard_forks() {
    return pthread_atfork([] { in_use.lock(); }, [] { in_use.unlock(); },
                          [] { in_use.unlock(); }) == 0;
  }

  static inline std::mutex in_use;

  std::lock_guard<std::mutex> turn_;
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// HDF5's name for a C++ number in memory and, since all that these files hold is little-endian, on
/// disk.
static_assert(std::endian::native == std::endian::little);
template <class Number>
hid_t memory_type() {
  if constexpr (std::is_same_v<Number, float>) return H5T_IEEE_F32LE;
  if constexpr (std::is_same_v<Number, double>) return H5T_IEEE_F64LE;
  if constexpr (std::is_same_v<Number, std::uint8_t>) return H5T_STD_U8LE;
  if constexpr (std::is_same_v<Number, int>) return H5T_STD_I32LE;
  if constexpr (std::is_same_v<Number, std::uint32_t>) return H5T_STD_U32LE;
  if constexpr (std::is_same_v<Number, std::uint64_t>) return H5T_STD_U64LE;
}

using Shape = std::vector<hsize_t>;

/// Writes attributes and datasets into a file in memory, so that no disk can fail under HDF5. The
/// same content gives the same bytes. Throws IoError.
class Writer {
 public:
  /// @param name        the file that this becomes, for messages
  /// @param user_block  bytes that will stand before the image: 0, 512, 1024, …
  Writer(std::string name, hsize_t user_block);

  template <class Number>
  void attribute(const char* name, Number value) {
    write_attribute(name, memory_type<Number>(), &value);
  }
  void attribute(const char* name, const std::string& text);

  template <class Number>
  void dataset(const char* name, const Shape& shape, std::span<const Number> values) {
    write_dataset(name, shape, memory_type<Number>(), values.data());
  }
  /// The file so far, without its user block.
  [[nodiscard]] std::string image() const;

 private:
  void write_attribute(const char* name, hid_t type, const void* value);
  void write_dataset(const char* name, const Shape& shape, hid_t type, const void* values);

  std::string path_;
  Handle file_;
};

/// Reads them back from a file's bytes in memory, so that HDF5 neither opens nor locks a file:
/// checks kind, type and size before anything is allocated. Throws BadData, and IoError where HDF5
/// fails at its own settings, e.g. for want of memory.
class Reader {
 public:
  /// @param name   the file that they are from, for messages
  /// @param bytes  all of it, its user block included; must outlive this
  Reader(std::string name, std::string_view bytes);

  template <class Number>
  [[nodiscard]] Number attribute(const char* name) const {
    Number value{};
    read_attribute(name, memory_type<Number>(), &value);
    return value;
  }
  [[nodiscard]] std::string text_attribute(const char* name) const;
  [[nodiscard]] bool has_attribute(const char* name) const;
  [[nodiscard]] bool has_dataset(const char* name) const;

  /// The extent of a dataset of `rank` dimensions.
  [[nodiscard]] Shape shape(const char* name, std::size_t rank) const;

  /// All values of a dataset, which must have this shape.
  template <class Number>
  [[nodiscard]] std::vector<Number> dataset(const char* name, const Shape& expected) const {
    std::vector<Number> values(checked_count(name, expected, sizeof(Number)));
    read_dataset(name, memory_type<Number>(), values.data());
    return values;
  }

 private:
  [[noreturn]] void fail(const char* name, const char* problem) const;
  [[nodiscard]] Handle open_dataset(const char* name) const;
  void read_attribute(const char* name, hid_t type, void* value) const;
  [[nodiscard]] std::size_t checked_count(const char* name, const Shape& expected,
                                          std::size_t bytes_each) const;
  void read_dataset(const char* name, hid_t type, void* values) const;

  std::string path_;
  std::uint64_t file_bytes_;
  Handle file_;
};

}  // namespace helmholtz::hdf5
