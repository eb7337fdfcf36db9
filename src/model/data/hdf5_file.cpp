#include <algorithm>

#include <fmt/format.h>

#include "base/hdf5.hpp"
#include "base/input_file.hpp"
#include "helmholtz/error.hpp"
#include "model/data/readers.hpp"

namespace helmholtz::data {

namespace {

using hdf5::Handle;
using hdf5::Session;
using hdf5::Shape;

constexpr std::uint64_t kBlockBytes = std::uint64_t{1} << 20;

/// Without HDF5's locks, which not every file system has: the file is only read.
Handle open_file(const std::string& path) {
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  if (!access.valid() || H5Pset_file_locking(access.get(), false, true) < 0) {
    throw IoError(path, "cannot be read (HDF5, settings)");
  }
  Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file.valid()) throw BadData(path, "cannot be opened as HDF5");
  return file;
}

/// h5py stores bool as an enumeration of int8.
Handle number_type(hid_t stored) {
  return {H5Tget_class(stored) == H5T_ENUM ? H5Tget_super(stored) : H5Tcopy(stored), H5Tclose};
}

/// The dataset of one split.
class SplitReader {
 public:
  explicit SplitReader(const Request& request)
      : request_(request),
        file_bytes_(io::InputFile(request.path).bytes()),
        file_(open_file(request.path.string())),
        dataset_(H5Dopen2(file_.get(), request.split, H5P_DEFAULT), H5Dclose),
        space_(H5Dget_space(dataset_.get()), H5Sclose),
        type_(H5Dget_type(dataset_.get()), H5Tclose),
        creation_(H5Dget_create_plist(dataset_.get()), H5Pclose) {
    if (!creation_.valid() || !type_.valid()) fail("is no dataset of this file");
    if (H5Sis_simple(space_.get()) <= 0) fail("is no array");
    shape_.resize(static_cast<std::size_t>(H5Sget_simple_extent_ndims(space_.get())));
    if (H5Sget_simple_extent_dims(space_.get(), shape_.data(), nullptr) < 0) fail("is no array");
    extent_ = extent_of(request, std::vector<std::uint64_t>(shape_.begin(), shape_.end()));
  }

  [[nodiscard]] Split read() const {
    const auto numbers = number_type(type_.get());
    const auto are = [&](hid_t type) { return H5Tequal(numbers.get(), type) > 0; };
    if (are(H5T_STD_U8LE)) return read_rows<std::uint8_t>();
    if (are(H5T_STD_I8LE)) return read_rows<std::int8_t>();
    if (are(H5T_IEEE_F32LE)) return read_rows<float>();
    if (are(H5T_IEEE_F64LE)) return read_rows<double>();
    fail("holds other values; allowed: int8, uint8, bool, little-endian float32 and float64");
  }

 private:
  [[noreturn]] void fail(std::string_view problem) const {
    throw BadData(request_.path.string(), fmt::format("{}: {}", request_.split, problem));
  }

  /// Blocks of whole chunks, so that none is decompressed twice.
  template <class Number>
  [[nodiscard]] Split read_rows() const {
    const auto row_bytes = extent_.units * sizeof(Number);
    RowBuilder rows(request_, fmt::format("{}, row", request_.split), extent_.units);
    const auto step = checked_chunk_rows(row_bytes);
    const auto most = std::min(extent_.rows, (kBlockBytes / (step * row_bytes) + 1) * step);
    std::vector<Number> block(most * extent_.units);
    rows.reserve(extent_.rows);
    for (std::uint64_t first = 0; first < extent_.rows; first += most) {
      const auto count = std::min(most, extent_.rows - first);
      read_block(first, count, block.data());
      for (std::uint64_t n = 0; n < count; ++n) {
        rows.add(std::span<const Number>(block).subspan(n * extent_.units, extent_.units),
                 first + n + 1);
      }
    }
    return rows.finish(extent_.shape);
  }

  void read_block(std::uint64_t first, std::uint64_t count, void* values) const {
    Shape start(shape_.size());
    start[0] = first;
    auto size = shape_;
    size[0] = count;
    const Handle from(H5Scopy(space_.get()), H5Sclose);
    const Handle to(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr),
                    H5Sclose);
    const bool done =
        H5Sselect_hyperslab(from.get(), H5S_SELECT_SET, start.data(), nullptr, size.data(),
                            nullptr) >= 0 &&
        H5Dread(dataset_.get(), type_.get(), to.get(), from.get(), H5P_DEFAULT, values) >= 0;
    if (!done) fail(fmt::format("rows {} to {} cannot be read", first + 1, first + count));
  }

  /// Nothing is allocated for more than the file can hold, and what was never written is no 0.
  /// @return the rows of a chunk, at most all; 1 without chunks
  [[nodiscard]] std::uint64_t checked_chunk_rows(std::uint64_t row_bytes) const {
    const auto stored = H5Dget_storage_size(dataset_.get());
    const bool is_chunked = H5Pget_layout(creation_.get()) == H5D_CHUNKED;
    if (stored > file_bytes_ || extent_.rows > file_bytes_ * kLargestRatio / row_bytes) {
      fail("is larger than the file");
    }
    if (is_chunked) return std::min(extent_.rows, chunk_rows(row_bytes / extent_.units, stored));
    if (stored != extent_.rows * row_bytes || H5Pget_external_count(creation_.get()) != 0) {
      fail("is incomplete");
    }
    return 1;
  }

  [[nodiscard]] std::uint64_t chunk_rows(std::uint64_t bytes_each, std::uint64_t stored) const {
    require_filters();
    Shape chunk(shape_.size());
    if (H5Pget_chunk(creation_.get(), static_cast<int>(chunk.size()), chunk.data()) < 0) {
      fail("has no size of its chunks");
    }
    std::uint64_t bytes = bytes_each;  // of all chunks; HDF5 allows 4 GiB for each
    std::uint64_t expected = 1;
    for (std::size_t d = 0; d < chunk.size(); ++d) {
      expected *= (shape_[d] + chunk[d] - 1) / chunk[d];
      bytes *= chunk[d];
    }
    hsize_t chunks = 0;
    if (H5Dget_num_chunks(dataset_.get(), space_.get(), &chunks) < 0 || chunks != expected) {
      fail(fmt::format("is incomplete: {} of {} chunks", chunks, expected));
    }
    if (bytes > stored * kLargestRatio / chunks) fail("is larger than the file");
    return chunk[0];
  }

  /// Of those that HDF5 knows, the ones whose output is bounded.
  void require_filters() const {
    const auto filters = H5Pget_nfilters(creation_.get());
    int deflate = 0;
    for (int i = 0; i < filters; ++i) {
      unsigned flags = 0;
      std::size_t values = 0;
      const auto filter = H5Pget_filter2(creation_.get(), static_cast<unsigned>(i), &flags, &values,
                                         nullptr, 0, nullptr, nullptr);
      deflate += filter == H5Z_FILTER_DEFLATE ? 1 : 0;
      if (filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32) continue;
      if (filter == H5Z_FILTER_DEFLATE && deflate == 1) continue;
      fail(fmt::format("is stored by filter {}; allowed: gzip once, shuffle, fletcher32", filter));
    }
  }

  const Request& request_;
  std::uint64_t file_bytes_;
  Handle file_;
  Handle dataset_;
  Handle space_;
  Handle type_;
  Handle creation_;
  Shape shape_;
  Extent extent_;
};

}  // namespace

bool begins_as_hdf5(std::string_view head) { return head.starts_with("\x89HDF\r\n\x1A\n"); }

Split read_hdf5(const Request& request) {
  const Session session;
  return SplitReader(request).read();
}

bool has_dataset(const std::filesystem::path& path, const char* name) {
  const Session session;
  const auto file = open_file(path.string());
  return H5Lexists(file.get(), name, H5P_DEFAULT) > 0;
}

}  // namespace helmholtz::data
