// Arrays of rows with a header: IDX and NPY.
#include <algorithm>
#include <array>
#include <bit>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/topology.hpp"
#include "model/data/readers.hpp"
#include "model/lines.hpp"

namespace helmholtz::data {

namespace {

using namespace std::string_view_literals;

static_assert(std::endian::native == std::endian::little);  // numbers are read as they are stored

constexpr std::string_view kNpyMagic = "\x93NUMPY";

void read_header(ByteStream& file, std::span<char> out) {
  if (file.read(out) != out.size()) file.fail("ends within its header");
}

/// Nothing is allocated for more rows than the file can hold.
void require_room(const ByteStream& file, const Extent& extent, std::uint64_t bytes_each) {
  const auto room = file.most_bytes_left();
  if (extent.rows <= room / (extent.units * bytes_each)) return;
  file.fail(fmt::format("is too short: its header says {} rows of {} bytes, and {}{} bytes follow",
                        extent.rows, extent.units * bytes_each,
                        file.is_gzip() ? "in gzip at most " : "", room));
}

template <class Number>
Split read_rows(ByteStream& file, const Request& request, const Extent& extent) {
  RowBuilder rows(request, "row", extent.units);
  require_room(file, extent, sizeof(Number));
  rows.reserve(extent.rows);
  std::vector<Number> row(extent.units);
  const std::span bytes(reinterpret_cast<char*>(row.data()), row.size() * sizeof(Number));
  for (std::uint64_t n = 1; n <= extent.rows; ++n) {
    if (file.read(bytes) != bytes.size()) {
      file.fail(fmt::format("ends within row {} of {}", n, extent.rows));
    }
    rows.add(std::span<const Number>(row), n);
  }
  char more = 0;
  if (file.read({&more, 1}) != 0) {
    file.fail(fmt::format("has bytes after its {} rows", extent.rows));
  }
  return rows.finish(extent.shape);
}

std::uint32_t big_endian(std::span<const char, 4> bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

/// What stands after a key of NPY's header, a dictionary of Python, up to the next key.
std::string_view value_of(const ByteStream& file, std::string_view header, std::string_view key) {
  const auto quoted = fmt::format("'{}':", key);
  const auto at = header.find(quoted);
  if (at == std::string_view::npos) {
    file.fail(fmt::format("has no {} in its NPY header", key));
  }
  auto value = header.substr(at + quoted.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const auto is_tuple = value.starts_with('(');
  return value.substr(0, value.find_first_of(is_tuple ? ")"sv : ",}"sv));
}

/// @param tuple  "(60000, 784" or "(5,"
std::vector<std::uint64_t> dimensions_of(const ByteStream& file, std::string_view tuple) {
  std::vector<std::uint64_t> dimensions;
  for (auto part : text::split(tuple.substr(std::min<std::size_t>(1, tuple.size())), ',')) {
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    const auto extent = text::number<std::uint64_t>(part);
    if (!extent && part.empty()) continue;  // after the last comma
    if (!extent) file.fail(fmt::format("has shape {}) in its NPY header", tuple));
    dimensions.push_back(*extent);
  }
  return dimensions;
}

/// The header's dictionary; the file stands at the array then.
std::string read_npy_header(ByteStream& file) {
  std::array<char, 8> start{};
  read_header(file, start);
  const auto version = start[6];
  if (version < 1 || version > 3) {
    file.fail(fmt::format("is NPY of version {}; allowed: 1 to 3", int{version}));
  }
  std::array<char, 4> length{};
  read_header(file, std::span(length).first(version == 1 ? 2 : 4));
  const auto size = std::bit_cast<std::uint32_t>(length);
  constexpr std::uint32_t kLongest = 65'535;  // all that version 1 allows
  if (size > kLongest) {
    file.fail(fmt::format("has an NPY header of {} bytes; allowed: at most {}", size, kLongest));
  }
  std::string header(size, '\0');
  read_header(file, header);
  return header;
}

}  // namespace

Extent extent_of(const Request& request, std::span<const std::uint64_t> dimensions) {
  const auto path = request.path.string();
  if (dimensions.size() != 2 && dimensions.size() != 3) {
    throw BadData(path, fmt::format("{}: has {} dimensions; allowed: 2 (rows, units) or 3 (rows of "
                                    "images)",
                                    request.split, dimensions.size()));
  }
  if (dimensions[0] == 0) {
    throw BadData(path, fmt::format("{}: holds no rows; allowed: one or more", request.split));
  }
  Extent extent{.rows = dimensions[0], .units = 1};
  for (const auto size : dimensions.subspan(1)) {  // RowBuilder refuses 0 units and too many
    if (__builtin_mul_overflow(extent.units, size, &extent.units)) extent.units = ~std::uint64_t{0};
  }
  if (dimensions.size() == 3 && extent.units <= std::uint64_t{Topology::kMaxUnits}) {
    extent.shape = {.rows = static_cast<int>(dimensions[1]),
                    .columns = static_cast<int>(dimensions[2])};
  }
  return extent;
}

bool begins_as_idx(std::string_view head) { return head.starts_with("\0\0"sv); }
bool begins_as_npy(std::string_view head) { return head.starts_with(kNpyMagic); }

Split read_idx(ByteStream& file, const Request& request) {
  std::array<char, 4> magic{};
  read_header(file, magic);
  constexpr char kUnsignedBytes = 8;
  const auto rank = static_cast<unsigned char>(magic[3]);
  if (magic[2] != kUnsignedBytes || rank > 3) {
    file.fail(
        fmt::format("has the IDX magic 0x{:08x}; allowed: 0x00000802 and "
                    "0x00000803 (unsigned bytes, 2 or 3 dimensions)",
                    big_endian(magic)));
  }
  std::vector<std::uint64_t> dimensions;
  for (int d = 0; d < rank; ++d) {
    std::array<char, 4> size{};
    read_header(file, size);
    dimensions.push_back(big_endian(size));
  }
  return read_rows<std::uint8_t>(file, request, extent_of(request, dimensions));
}

Split read_npy(ByteStream& file, const Request& request) {
  const auto header = read_npy_header(file);
  if (value_of(file, header, "fortran_order") != "False") {
    file.fail("is in Fortran order; allowed: C order (numpy.ascontiguousarray)");
  }
  const auto extent = extent_of(request, dimensions_of(file, value_of(file, header, "shape")));
  const auto type = value_of(file, header, "descr");
  const auto read = [&]<class Number>(Number) { return read_rows<Number>(file, request, extent); };
  if (type == "'|u1'") return read(std::uint8_t{});
  if (type == "'|b1'" || type == "'|i1'") return read(std::int8_t{});
  if (type == "'<f4'") return read(float{});
  if (type == "'<f8'") return read(double{});
  file.fail(fmt::format("holds values of type {}; allowed: |b1, |i1, |u1, <f4, <f8", shown(type)));
}

}  // namespace helmholtz::data
