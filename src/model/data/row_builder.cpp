#include "model/data/row_builder.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/topology.hpp"
#include "model/data/packed_bits.hpp"

namespace helmholtz::data {

namespace {

void require_units(const Request& request, std::uint64_t units) {
  const auto path = request.path.string();
  if (units < 1 || units > std::uint64_t{Topology::kMaxUnits}) {
    throw BadData(path, fmt::format("{}: has rows of {} units; allowed: 1 to {}", request.split,
                                    units, Topology::kMaxUnits));
  }
  if (request.units && units != static_cast<std::uint64_t>(*request.units)) {
    throw BadData(path, fmt::format("{}: has rows of {} units; allowed: {}, as train has",
                                    request.split, units, *request.units));
  }
}

}  // namespace

void refuse_value(const std::string& path, const ValuePlace& place, std::string_view got,
                  std::string_view allowed) {
  throw BadData(path, fmt::format("{} {}, column {}: got {}; allowed: {}", place.word, place.number,
                                  place.column + 1, got, allowed));
}

RowBuilder::RowBuilder(const Request& request, std::string row_word, std::uint64_t units)
    : path_(request.path.string()), row_word_(std::move(row_word)), binarize_(request.binarize) {
  require_units(request, units);
  row_.resize(units);
  fill_table();
}

void RowBuilder::reserve(std::uint64_t rows) {
  if (binarize_.kind == Binarize::Kind::sample) {
    grey_.reserve(rows * row_.size());
  } else {
    words_.reserve(rows * packed_words(static_cast<int>(row_.size())));
  }
}

std::optional<std::uint8_t> RowBuilder::unit_of(double value) const {
  if (!(value >= 0 && value <= 1)) return std::nullopt;
  switch (binarize_.kind) {
    case Binarize::Kind::threshold:
      return value >= binarize_.threshold;
    case Binarize::Kind::sample:
      return static_cast<std::uint8_t>(std::lround(value * 255));
    default:
      if (value != 0 && value != 1) return std::nullopt;
      return value == 1;
  }
}

void RowBuilder::fill_table() {
  const auto scale = largest_byte_ > 1 ? 255.0 : 1.0;
  for (std::size_t byte = 0; byte < table_.size(); ++byte) {
    table_[byte] = unit_of(static_cast<double>(byte) / scale).value_or(0);
  }
}

template <class Number>
void RowBuilder::convert(std::span<const Number> values, std::uint64_t number) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<double>(values[i]);
    const auto unit = unit_of(value);
    if (!unit) {
      const bool is_binary = binarize_.kind == Binarize::Kind::none;
      refuse_value(path_, {.word = row_word_, .number = number, .column = i}, text::shortest(value),
                   is_binary ? "0 and 1 (others: with a binarization)" : "0 to 1");
    }
    row_[i] = *unit;
  }
}

/// Bytes need no test one by one: only their largest may be too large.
template <>
void RowBuilder::convert(std::span<const std::uint8_t> values, std::uint64_t number) {
  const int largest = std::ranges::max(values);
  if (largest > 1 && binarize_.kind == Binarize::Kind::none) {
    convert(std::span<const double>(std::vector<double>(values.begin(), values.end())), number);
  }
  if (largest > 1 && largest_byte_ <= 1) rescale_bytes();
  if (largest_byte_ == 0) largest_byte_ = largest;
  std::ranges::transform(values, row_.begin(), [&](std::uint8_t byte) { return table_[byte]; });
}

template <class Number>
void RowBuilder::add(std::span<const Number> values, std::uint64_t number) {
  convert(values, number);
  append();
}

template void RowBuilder::add(std::span<const std::uint8_t>, std::uint64_t);
template void RowBuilder::add(std::span<const std::int8_t>, std::uint64_t);
template void RowBuilder::add(std::span<const float>, std::uint64_t);
template void RowBuilder::add(std::span<const double>, std::uint64_t);

void RowBuilder::append() {
  if (binarize_.kind == Binarize::Kind::sample) {
    grey_.insert(grey_.end(), row_.begin(), row_.end());
  } else {
    append_packed(row_, words_);
  }
}

/// The first byte above 1: all before it, where 1 was taken for 1, mean k/255 as well.
void RowBuilder::rescale_bytes() {
  largest_byte_ = 255;
  fill_table();
  std::ranges::replace(grey_, std::uint8_t{255}, table_[1]);
  if (table_[1] == 0) std::ranges::fill(words_, 0);
}

Split RowBuilder::finish(std::optional<ImageShape> shape) {
  const auto units = static_cast<int>(row_.size());
  auto rows = grey_.empty() ? Rows(units, std::move(words_)) : Rows(units, std::move(grey_));
  return {.rows = std::move(rows), .shape = shape, .largest_byte = largest_byte_};
}

}  // namespace helmholtz::data
