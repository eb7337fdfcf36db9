#include "base/hdf5.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "helmholtz/error.hpp"

namespace helmholtz::hdf5 {

namespace {

constexpr std::size_t kMaxText = 32'768;  // an attribute holds at most 64 KiB

void require_settings(bool done, const std::string& path) {
  if (!done) throw IoError(path, "cannot be read (HDF5, settings)");  // for want of memory
}

void require_written(bool done, const std::string& path, const char* name) {
  if (!done) throw IoError(path, fmt::format("cannot be written (HDF5, {})", name));
}

/// The name of a file in memory. HDF5 looks for a file of its name all the same: there can be none.
constexpr const char* kNoFile = "/dev/null/memory";
constexpr std::size_t kGrowth = std::size_t{1} << 20;

Handle create(const std::string& name, hsize_t user_block) {
  const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  const bool ready = creation.valid() && access.valid() &&
                     H5Pset_userblock(creation.get(), user_block) >= 0 &&
                     H5Pset_fapl_core(access.get(), kGrowth, /*backing_store=*/false) >= 0 &&
                     H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) >= 0;
  require_written(ready, name, "settings");
  return {H5Fcreate(kNoFile, H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose};
}

Handle string_type(std::size_t size) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  if (type.valid() && H5Tset_size(type.get(), size) < 0) return {H5I_INVALID_HID, H5Tclose};
  return type;
}

}  // namespace

Writer::Writer(std::string name, hsize_t user_block)
    : path_(std::move(name)), file_(create(path_, user_block)) {
  require_written(file_.valid(), path_, "file");
}

void Writer::attribute(const char* name, const std::string& text) {
  require_written(text.size() < kMaxText, path_, name);
  const auto type = string_type(text.size() + 1);
  require_written(type.valid(), path_, name);
  write_attribute(name, type.get(), text.c_str());
}

void Writer::write_attribute(const char* name, hid_t type, const void* value) {
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const Handle attribute(H5Acreate2(file_.get(), name, type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                         H5Aclose);
  require_written(attribute.valid() && H5Awrite(attribute.get(), type, value) >= 0, path_, name);
}

void Writer::write_dataset(const char* name, const Shape& shape, hid_t type, const void* values) {
  const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
                     H5Sclose);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  // Without times, the same machine gives the same file.
  require_written(creation.valid() && H5Pset_obj_track_times(creation.get(), false) >= 0, path_,
                  name);
  const Handle dataset(
      H5Dcreate2(file_.get(), name, type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
      H5Dclose);
  require_written(
      dataset.valid() && H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0,
      path_, name);
}

std::string Writer::image() const {
  require_written(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL) >= 0, path_, "buffers");
  const auto size = H5Fget_file_image(file_.get(), nullptr, 0);
  require_written(size > 0, path_, "image");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  require_written(H5Fget_file_image(file_.get(), bytes.data(), bytes.size()) == size, path_,
                  "image");
  return bytes;
}

namespace {

/// Functions by which HDF5 takes a file's bytes where they are, instead of copying them twice: what
/// it "allocates" is always the image itself, given to it as `udata`.
constexpr H5FD_file_image_callbacks_t in_place(void* image) {
  return {.image_malloc = [](std::size_t, H5FD_file_image_op_t, void* udata) { return udata; },
          .image_memcpy = [](void* to, const void*, std::size_t, H5FD_file_image_op_t,
                             void*) { return to; },
          .image_realloc = [](void*, std::size_t, H5FD_file_image_op_t, void*) -> void* {
            return nullptr;  // what is only read does not grow
          },
          .image_free = [](void*, H5FD_file_image_op_t, void*) -> herr_t { return 0; },
          .udata_copy = [](void* udata) { return udata; },
          .udata_free = [](void*) -> herr_t { return 0; },
          .udata = image};
}

/// @param name  for messages
Handle open_image(const std::string& name, std::string_view bytes) {
  auto* const image = const_cast<char*>(bytes.data());  // NOLINT: HDF5 only reads it
  auto callbacks = in_place(image);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  const bool ready = access.valid() &&
                     H5Pset_fapl_core(access.get(), kGrowth, /*backing_store=*/false) >= 0 &&
                     H5Pset_file_image_callbacks(access.get(), &callbacks) >= 0 &&
                     H5Pset_file_image(access.get(), image, bytes.size()) >= 0;
  require_settings(ready, name);
  Handle file(H5Fopen(kNoFile, H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file.valid()) throw BadData(name, "cannot be opened as HDF5");
  return file;
}

}  // namespace

Reader::Reader(std::string name, std::string_view bytes)
    : path_(std::move(name)), file_bytes_(bytes.size()), file_(open_image(path_, bytes)) {}

void Reader::fail(const char* name, const char* problem) const {
  throw BadData(path_, fmt::format("{}: {}", name, problem));
}

void Reader::read_attribute(const char* name, hid_t type, void* value) const {
  const Handle attribute(H5Aopen(file_.get(), name, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid()) fail(name, "is missing");
  const Handle space(H5Aget_space(attribute.get()), H5Sclose);
  const Handle stored(H5Aget_type(attribute.get()), H5Tclose);
  const bool right = space.valid() && H5Sget_simple_extent_type(space.get()) == H5S_SCALAR &&
                     stored.valid() && H5Tequal(stored.get(), type) > 0;
  if (!right) fail(name, "has another type or size");
  if (H5Aread(attribute.get(), type, value) < 0) fail(name, "cannot be read");
}

std::string Reader::text_attribute(const char* name) const {
  const Handle attribute(H5Aopen(file_.get(), name, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid()) fail(name, "is missing");
  const Handle stored(H5Aget_type(attribute.get()), H5Tclose);
  const auto size = stored.valid() ? H5Tget_size(stored.get()) : 0;
  if (size == 0 || size > kMaxText) fail(name, "is no short text");
  const auto type = string_type(size);
  require_settings(type.valid(), path_);
  std::string text(size, '\0');
  read_attribute(name, type.get(), text.data());
  text.resize(std::min(text.find('\0'), size));
  return text;
}

bool Reader::has_attribute(const char* name) const {
  const auto there = H5Aexists(file_.get(), name);
  if (there < 0) fail(name, "cannot be read");  // else its setting would silently be the default
  return there > 0;
}

bool Reader::has_dataset(const char* name) const {
  const auto there = H5Lexists(file_.get(), name, H5P_DEFAULT);
  if (there < 0) fail(name, "cannot be read");
  return there > 0;
}

Handle Reader::open_dataset(const char* name) const {
  Handle dataset(H5Dopen2(file_.get(), name, H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) fail(name, "is missing");
  return dataset;
}

Shape Reader::shape(const char* name, std::size_t rank) const {
  const auto dataset = open_dataset(name);
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  Shape extent(rank);
  const bool right = space.valid() && H5Sis_simple(space.get()) > 0 &&
                     H5Sget_simple_extent_ndims(space.get()) == static_cast<int>(rank) &&
                     H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr) >= 0;
  if (!right) fail(name, "has another number of dimensions");
  return extent;
}

std::size_t Reader::checked_count(const char* name, const Shape& expected,
                                  std::size_t bytes_each) const {
  if (shape(name, expected.size()) != expected) fail(name, "has another size");
  std::uint64_t count = 1;
  for (const auto extent : expected) {
    if (extent != 0 && count > file_bytes_ / extent) fail(name, "is larger than the file");
    count *= extent;
  }
  const auto dataset = open_dataset(name);
  if (H5Dget_storage_size(dataset.get()) != count * bytes_each) fail(name, "is incomplete");
  return count;
}

void Reader::read_dataset(const char* name, hid_t type, void* values) const {
  const auto dataset = open_dataset(name);
  const Handle stored(H5Dget_type(dataset.get()), H5Tclose);
  if (!stored.valid() || H5Tequal(stored.get(), type) <= 0) fail(name, "has another type");
  if (H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
    fail(name, "cannot be read");
  }
}

}  // namespace helmholtz::hdf5
