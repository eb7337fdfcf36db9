#pragma once

#include <hdf5.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/hdf5.hpp"

/// Data sets as other programs write them.
namespace helmholtz::testing {

template <class Number>
std::string raw_bytes(const std::vector<Number>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)};
}

inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// IDX of unsigned bytes.
inline std::string idx(const std::vector<std::uint32_t>& dimensions,
                       const std::vector<std::uint8_t>& values) {
  std::string file = {0, 0, 8, static_cast<char>(dimensions.size())};
  for (const auto size : dimensions) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) file += static_cast<char>(size >> shift & 255U);
  }
  return file + raw_bytes(values);
}

/// @param dictionary  such as "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4), }"
inline std::string npy(const std::string& dictionary, std::string_view values, char version = 1) {
  const auto size = static_cast<std::uint32_t>(dictionary.size() + 1);
  std::string file = "\x93NUMPY";
  file += version;
  file += '\0';
  for (unsigned b = 0; b < (version == 1 ? 2 : 4); ++b) {
    file += static_cast<char>(size >> 8 * b & 255U);
  }
  return file + dictionary + "\n" + std::string(values);
}

inline std::string npy_header(const std::string& type, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
}

inline std::string gzip(const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string in = content;
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

/// How HDF5 stores a dataset.
struct Storage {
  hdf5::Shape chunk = {};  ///< none: contiguous
  int gzip = 0;            ///< how often
  bool is_written = true;
  bool is_extendible = false;
  std::string raw_chunk = {};  ///< the bytes of the only chunk as they are stored
};

/// Adds a dataset to an HDF5 file, new or not.
inline void add_dataset(const std::filesystem::path& path, const char* name, hid_t type,
                        const hdf5::Shape& shape, const std::string& bytes,
                        const Storage& storage = {}) {
  using hdf5::Handle;
  const Handle file(std::filesystem::exists(path)
                        ? H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT)
                        : H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT),
                    H5Fclose);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (!storage.chunk.empty()) {
    H5Pset_chunk(creation.get(), static_cast<int>(shape.size()), storage.chunk.data());
  }
  for (int i = 0; i < storage.gzip; ++i) H5Pset_deflate(creation.get(), 9);
  const hdf5::Shape unlimited(shape.size(), H5S_UNLIMITED);
  const Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(),
                                      storage.is_extendible ? unlimited.data() : nullptr),
                     H5Sclose);
  const Handle dataset(
      H5Dcreate2(file.get(), name, type, space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
      H5Dclose);
  if (!storage.raw_chunk.empty()) {
    const hdf5::Shape first(shape.size());
    H5Dwrite_chunk(dataset.get(), H5P_DEFAULT, 0, first.data(), storage.raw_chunk.size(),
                   storage.raw_chunk.data());
  } else if (storage.is_written) {
    H5Dwrite(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data());
  }
}

/// The type that h5py gives a NumPy bool.
inline hdf5::Handle h5py_bool() {
  hdf5::Handle type(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  for (const auto value : {std::int8_t{0}, std::int8_t{1}}) {
    H5Tenum_insert(type.get(), value == 0 ? "FALSE" : "TRUE", &value);
  }
  return type;
}

}  // namespace helmholtz::testing
