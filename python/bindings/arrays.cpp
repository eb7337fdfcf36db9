#include "arrays.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "helmholtz/error.hpp"
#include "helmholtz/topology.hpp"

namespace helmholtz::python {

namespace {

using InputArray = nb::ndarray<nb::ro>;

std::string shape_text(const InputArray& array) {
  std::string text = "shape (";
  for (std::size_t d = 0; d < array.ndim(); ++d) {
    text += (d > 0 ? ", " : "") + std::to_string(array.shape(d));
  }
  return text + ")";
}

bool is_c_contiguous(const InputArray& array) {
  std::int64_t expected = 1;
  for (auto d = array.ndim(); d-- > 0;) {
    if (array.shape(d) != 1 && array.stride(d) != expected) return false;
    expected *= static_cast<std::int64_t>(array.shape(d));
  }
  return true;
}

bool is_byte(nb::dlpack::dtype type) {
  return type == nb::dtype<std::uint8_t>() || type == nb::dtype<bool>();
}

/// The bytes of a checked array, and the units of each of its rows.
struct Bytes {
  InputArray owner;
  std::span<const std::uint8_t> values;
  std::size_t units = 0;
};

Bytes bytes_of(nb::handle object, std::string_view field) {
  InputArray array;
  if (!nb::try_cast(object, array) || !array.is_valid()) {
    const auto type = nb::str(object.type().attr("__name__"));
    throw InvalidArgument(field, type.c_str(), "an array by the buffer protocol or DLPack");
  }
  if (array.device_type() != nb::device::cpu::value) {
    throw InvalidArgument(field, "an array on a device", "an array in the memory of the CPU");
  }
  if (!is_byte(array.dtype())) {
    throw InvalidArgument(field, "an array of another type",
                          "uint8 or bool, e.g. by .astype(numpy.uint8)");
  }
  if (array.ndim() < 2 || array.ndim() > 3) {
    throw InvalidArgument(field, shape_text(array), "(rows, units) or (rows, height, width)");
  }
  if (!is_c_contiguous(array)) {
    throw InvalidArgument(field, "an array in another order",
                          "C order, e.g. by numpy.ascontiguousarray");
  }
  const auto size = array.size();
  const auto units = array.shape(0) == 0 ? 0 : size / array.shape(0);
  if (units < 1 || units > static_cast<std::size_t>(Topology::kMaxUnits)) {
    throw InvalidArgument(
        field, shape_text(array),
        "one row or more of 1 to " + std::to_string(Topology::kMaxUnits) + " units");
  }
  const auto* const values = static_cast<const std::uint8_t*>(array.data());
  return {std::move(array), {values, size}, units};
}

}  // namespace

Rows bits_of(nb::handle array, std::string_view field) {
  const auto bytes = bytes_of(array, field);
  const auto stride = packed_words(static_cast<int>(bytes.units));
  std::vector<std::uint32_t> words(bytes.values.size() / bytes.units * stride);
  const auto* value = bytes.values.data();
  for (auto* row = words.data(); row < words.data() + words.size(); row += stride) {
    for (std::size_t i = 0; i < bytes.units; ++i, ++value) {
      if (*value > 1) {
        throw InvalidArgument(field, "the value " + std::to_string(*value), "0 and 1");
      }
      row[i / 32] |= std::uint32_t{*value} << (i % 32);
    }
  }
  return {static_cast<int>(bytes.units), std::move(words)};
}

Rows bits_of(nb::handle array, std::string_view field, int units) {
  auto rows = bits_of(array, field);
  if (rows.units() == units) return rows;
  throw InvalidArgument(field, "rows of " + std::to_string(rows.units()) + " units",
                        std::to_string(units) + ", as there are visible ones");
}

Rows grey_of(nb::handle array, std::string_view field) {
  const auto bytes = bytes_of(array, field);
  return {static_cast<int>(bytes.units),
          std::vector<std::uint8_t>(bytes.values.begin(), bytes.values.end())};
}

NumpyArray<std::uint8_t> unpacked(const std::uint32_t* words, std::size_t rows, int units) {
  const auto count = static_cast<std::size_t>(units);
  const auto stride = packed_words(units);
  std::vector<std::uint8_t> bits(rows * count);
  auto* bit = bits.data();
  for (const auto* row = words; row < words + rows * stride; row += stride) {
    for (std::size_t i = 0; i < count; ++i, ++bit) *bit = row[i / 32] >> (i % 32) & 1U;
  }
  return to_numpy(std::move(bits), {rows, count});
}

}  // namespace helmholtz::python
