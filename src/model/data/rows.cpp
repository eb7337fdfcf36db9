#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/random.hpp"
#include "helmholtz/topology.hpp"
#include "model/data/grey.hpp"
#include "model/data/packed_bits.hpp"

namespace helmholtz {

namespace {

static_assert(std::endian::native == std::endian::little);  // digests are of little-endian words

/// @return the number of rows
std::size_t checked_size(int units, std::size_t values, std::size_t values_per_row) {
  if (units < 1 || units > Topology::kMaxUnits) {
    throw InvalidArgument("rows", fmt::format("{} units", units),
                          fmt::format("1 to {} units", Topology::kMaxUnits));
  }
  if (values == 0 || values % values_per_row != 0) {
    throw InvalidArgument("rows", fmt::format("{} values", values),
                          fmt::format("one or more rows of {}", values_per_row));
  }
  return values / values_per_row;
}

}  // namespace

Rows::Rows(int units, std::vector<std::uint32_t> words) : units_(units), words_(std::move(words)) {
  size_ = checked_size(units, words_.size(), words_per_row());
  const auto behind = units % 32 == 0 ? 0U : ~std::uint32_t{0} << (units % 32);
  for (auto last = words_per_row() - 1; last < words_.size(); last += words_per_row()) {
    if ((words_[last] & behind) == 0) continue;
    throw InvalidArgument("rows", fmt::format("row {}", last / words_per_row() + 1),
                          "no bit behind the last unit");
  }
}

Rows::Rows(int units, std::vector<std::uint8_t> grey) : units_(units), grey_(std::move(grey)) {
  size_ = checked_size(units, grey_.size(), static_cast<std::size_t>(std::max(units, 1)));
}

std::size_t Rows::words_per_row() const noexcept { return packed_words(units_); }

std::span<const std::uint32_t> Rows::words(std::size_t n) const {
  return words().subspan(n * words_per_row(), words_per_row());
}

std::span<const std::uint8_t> Rows::grey(std::size_t n) const {
  const auto units = static_cast<std::size_t>(units_);
  return grey().subspan(n * units, units);
}

std::vector<double> Rows::marginals() const {
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(units_));
  for (std::size_t i = 0; i < grey_.size(); ++i) sums[i % sums.size()] += grey_[i];
  for (std::size_t w = 0; w < words_.size(); ++w) {
    for (auto word = words_[w]; word != 0; word &= word - 1) {
      ++sums[w % words_per_row() * 32 + static_cast<std::size_t>(std::countr_zero(word))];
    }
  }
  const auto whole = static_cast<double>(size_) * (is_grey() ? 255 : 1);
  std::vector<double> means;
  for (const auto sum : sums) means.push_back(static_cast<double>(sum) / whole);
  return means;
}

std::uint64_t Rows::digest() const {
  const auto content = is_grey() ? XXH3_64bits(grey_.data(), grey_.size())
                                 : XXH3_64bits(words_.data(), words_.size() * sizeof(words_[0]));
  const auto text =
      fmt::format("{} x {} {} {:016x}", size_, units_, is_grey() ? "grey" : "bits", content);
  return XXH3_64bits(text.data(), text.size());
}

std::uint64_t bytes_of(std::uint64_t rows, int units, const Binarize& binarize) {
  if (binarize.kind == Binarize::Kind::sample) return rows * static_cast<std::uint64_t>(units);
  return rows * packed_words(units) * sizeof(std::uint32_t);
}

void draw_row(const Rows& rows, std::size_t n, std::uint64_t seed, std::uint64_t visit,
              std::span<std::uint32_t> out) {
  if (!rows.is_grey()) {
    std::ranges::copy(rows.words(n), out.begin());
    return;
  }
  const RandomStream stream{.seed = seed, .purpose = RandomPurpose::binarisation};
  const auto blocks = [&](std::uint64_t number, std::uint32_t* words) {
    std::ranges::copy(random_block(stream, number), words);
  };
  for (std::size_t w = 0; w < rows.words_per_row(); ++w) {
    out[w] = drawn_grey_word(rows.grey(n).data(), rows.units(), visit, static_cast<int>(w), blocks);
  }
}

const Rows* Dataset::split(std::string_view split_name) const {
  if (split_name == "train") return &train;
  if (split_name == "valid" && valid) return &*valid;
  return split_name == "test" && test ? &*test : nullptr;
}

std::vector<std::string> Dataset::splits() const {
  std::vector<std::string> names;
  for (const auto& file : kDatasetFiles) {
    if (split(file.name) != nullptr) names.emplace_back(file.name);
  }
  return names;
}

std::uint64_t Dataset::digest() const {
  auto text = fmt::format("train {:016x}", train.digest());
  if (valid) text += fmt::format(", valid {:016x}", valid->digest());
  if (test) text += fmt::format(", test {:016x}", test->digest());
  return XXH3_64bits(text.data(), text.size());
}

World data_world(const std::shared_ptr<const Dataset>& dataset) {
  const auto& train = dataset->train;
  std::map<std::string, std::uint64_t> split_digests;
  for (const auto& name : dataset->splits()) split_digests[name] = dataset->split(name)->digest();
  return {dataset->name, dataset->shape.value_or(default_shape(train.units())),
          DataRows{.digest = dataset->digest(),
                   .count = train.size(),
                   .rows = std::shared_ptr<const Rows>(dataset, &train),
                   .split_digests = std::move(split_digests)}};
}

}  // namespace helmholtz
