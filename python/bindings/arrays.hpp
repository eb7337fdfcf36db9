#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "helmholtz/dataset.hpp"
#include "helmholtz/log_likelihood.hpp"

/// Arrays between Python and the library: in by the buffer protocol or DLPack, out as NumPy.
namespace helmholtz::python {

namespace nb = nanobind;

template <class T>
using NumpyArray = nb::ndarray<nb::numpy, T>;

/// The values of a vector as a NumPy array, which owns them from now on.
template <class T>
NumpyArray<T> to_numpy(std::vector<T>&& values, std::initializer_list<std::size_t> shape) {
  auto* const kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return NumpyArray<T>(kept->data(), shape, owner);
}

/// A view of values that live as long as `owner`; read-only in Python.
template <class T>
NumpyArray<const T> view_of(const T* values, std::initializer_list<std::size_t> shape,
                            nb::handle owner) {
  return NumpyArray<const T>(values, shape, owner);
}

/// Rows of units from an array [rows x units] or [rows x height x width] of uint8 or bool that hold
/// 0 and 1, in C order, on the CPU.
/// @param field  what the caller calls it
/// @throws InvalidArgument (that field) for anything else
Rows bits_of(nb::handle array, std::string_view field);

/// The same, of `units` units. @throws InvalidArgument likewise
Rows bits_of(nb::handle array, std::string_view field, int units);

/// Rows of probabilities k/255 from such an array of uint8.
Rows grey_of(nb::handle array, std::string_view field);

/// Rows as the library's estimators take them; `rows` must outlive it.
inline PackedRows packed(const Rows& rows) { return {rows.words(), rows.words_per_row()}; }

/// Bits as an array [rows x units].
NumpyArray<std::uint8_t> unpacked(const std::uint32_t* words, std::size_t rows, int units);

}  // namespace helmholtz::python
