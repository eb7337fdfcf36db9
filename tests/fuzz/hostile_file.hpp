#pragma once

#include <fuzzer/FuzzedDataProvider.h>
#include <hdf5.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/hdf5.hpp"
#include "base/sealed_file.hpp"

/// Files that a fuzzer makes: an arbitrary string of bytes, or a well-formed HDF5 file with a right
/// seal whose content is hostile. HDF5 1.10 does not bear files that are forged behind their seal,
/// and it is not what is tested here.
namespace helmholtz::fuzz {

/// What a fuzzer is: reads a file that `data` decides; what it throws but BadData is a finding.
void fuzz_one(FuzzedDataProvider& data);

/// A dataset or attribute as the reader expects it, before the fuzzer changes it.
struct Field {
  const char* name;
  hid_t type;
  std::vector<hsize_t> shape;  ///< none: an attribute
  std::string bytes;
};

template <class Number>
Field field(const char* name, std::vector<hsize_t> shape, const std::vector<Number>& values) {
  return {name,
          hdf5::memory_type<Number>(),
          std::move(shape),
          {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)}};
}

template <class Number>
Field attribute(const char* name, Number value) {
  return field<Number>(name, {}, {value});
}

inline std::size_t bytes_of(const Field& field) {
  std::size_t bytes = H5Tget_size(field.type);
  for (const auto extent : field.shape) bytes *= static_cast<std::size_t>(extent);
  return bytes;
}

/// Changes some bytes, and now and then the type or the shape.
inline void change(Field& field, FuzzedDataProvider& data) {
  const std::vector<hid_t> types = {H5T_STD_U8LE,   H5T_STD_I32LE,  H5T_STD_U32LE, H5T_STD_U64LE,
                                    H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_U64BE};
  const auto what = data.ConsumeIntegralInRange<int>(0, 15);
  if (what == 0) field.type = types[data.ConsumeIntegralInRange<std::size_t>(0, types.size() - 1)];
  if (what == 1) {
    field.shape.resize(data.ConsumeIntegralInRange<std::size_t>(0, 3));
    for (auto& extent : field.shape) extent = data.ConsumeIntegralInRange<hsize_t>(0, 20);
  }
  field.bytes.resize(bytes_of(field));
  for (auto edits = data.ConsumeIntegralInRange<int>(0, 3); edits > 0; --edits) {
    if (field.bytes.empty()) break;
    const auto at = data.ConsumeIntegralInRange<std::size_t>(0, field.bytes.size() - 1);
    const auto bytes =
        data.ConsumeRandomLengthString(std::min<std::size_t>(8, field.bytes.size() - at));
    field.bytes.replace(at, bytes.size(), bytes);
  }
}

inline void add_attribute(hid_t file, const Field& field) {
  const hdf5::Handle space(H5Screate(H5S_SCALAR), H5Sclose);
  const hdf5::Handle attribute(
      H5Acreate2(file, field.name, field.type, space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  H5Awrite(attribute.get(), field.type, field.bytes.data());
}

/// @param huge  gives it a size that no file holds, and no data
/// @param gzip  compresses it, in chunks of two by two
inline void add_dataset(hid_t file, Field field, bool huge, bool gzip) {
  const auto rank = static_cast<int>(field.shape.size());
  const hdf5::Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  if (huge) std::fill(field.shape.begin(), field.shape.end(), hsize_t{1} << 61U);
  if (huge || gzip) {
    std::vector<hsize_t> chunk(field.shape.size(), 1);
    for (std::size_t d = 0; d < chunk.size(); ++d) {
      if (!huge) chunk[d] = std::clamp<hsize_t>(field.shape[d], 1, 2);
    }
    H5Pset_chunk(creation.get(), rank, chunk.data());
  }
  if (gzip) H5Pset_deflate(creation.get(), 9);
  const hdf5::Handle space(H5Screate_simple(rank, field.shape.data(), nullptr), H5Sclose);
  const hdf5::Handle dataset(H5Dcreate2(file, field.name, field.type, space.get(), H5P_DEFAULT,
                                        creation.get(), H5P_DEFAULT),
                             H5Dclose);
  if (!huge && !field.bytes.empty()) {
    H5Dwrite(dataset.get(), field.type, H5S_ALL, H5S_ALL, H5P_DEFAULT, field.bytes.data());
  }
}

inline std::string image(const std::vector<Field>& fields, FuzzedDataProvider& data) {
  const hdf5::Session session;
  const hdf5::Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access.get(), 1 << 16, false);
  const hdf5::Handle file(H5Fcreate("/dev/null/memory", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()),
                          H5Fclose);
  for (auto changed : fields) {
    const auto fate = data.ConsumeIntegralInRange<int>(0, 31);
    if (fate == 0) continue;  // missing
    change(changed, data);
    if (changed.shape.empty()) {
      add_attribute(file.get(), changed);
    } else {
      add_dataset(file.get(), changed, fate == 1, fate > 23);
    }
  }
  H5Fflush(file.get(), H5F_SCOPE_GLOBAL);
  std::string bytes(static_cast<std::size_t>(H5Fget_file_image(file.get(), nullptr, 0)), '\0');
  H5Fget_file_image(file.get(), bytes.data(), bytes.size());
  return bytes;
}

/// Writes what the fuzzer wants: a sealed image of the fields, or any bytes.
inline void write_file(const std::filesystem::path& path, const io::SealKind& kind,
                       const std::string& notes, const std::vector<Field>& fields,
                       FuzzedDataProvider& data) {
  std::string bytes;
  if (data.ConsumeBool()) {
    const auto hdf5 = image(fields, data);
    bytes = io::seal(kind, notes, hdf5) + hdf5;
    if (data.remaining_bytes() > 0) bytes += data.ConsumeRandomLengthString(3);
  } else {
    // The first words are not to be guessed.
    bytes = io::seal(kind, notes, "").substr(0, data.ConsumeIntegralInRange<std::size_t>(0, 200));
    bytes += data.ConsumeRemainingBytesAsString();
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace helmholtz::fuzz
