#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"
#include "model/data/readers.hpp"

namespace helmholtz {

namespace {

using data::Request;
using data::Split;
using std::filesystem::path;

bool is_hdf5(data::ByteStream& file) {
  return data::begins_as_hdf5(file.head()) && !file.is_gzip();
}

Split read_split(const Request& request) {
  data::ByteStream file(request.path);
  if (is_hdf5(file)) return data::read_hdf5(request);
  const auto head = file.head();
  if (data::begins_as_idx(head)) return data::read_idx(file, request);
  if (data::begins_as_npy(head)) return data::read_npy(file, request);
  return data::read_text(file, request);
}

/// A byte is 1 or 1/255, but not one in one split and the other in another.
void require_one_scale(const Request& request, const Split& train, const Split& split) {
  if (train.largest_byte + split.largest_byte != 256) return;
  throw BadData(request.path.string(),
                fmt::format("{}: holds bytes {}, and train bytes {}; allowed: both or neither",
                            request.split, split.largest_byte == 1 ? "0 and 1" : "above 1",
                            train.largest_byte == 1 ? "0 and 1" : "above 1"));
}

std::optional<Rows> read_other(const Request& request, const Split& train) {
  if (request.path.empty()) return std::nullopt;
  auto split = read_split(request);
  require_one_scale(request, train, split);
  return std::move(split.rows);
}

/// The file of each split.
DatasetFiles with_splits(const DatasetFiles& files) {
  auto splits_alone = files;
  splits_alone.data.clear();
  if (!files.data.empty() && splits_alone.any()) {
    throw InvalidArgument("data", files.data.string(), "no file of a split beside it");
  }
  if (files.data.empty() && files.train.empty()) {
    throw InvalidArgument("train", "", "a file, unless data is one");
  }
  if (files.data.empty()) return files;
  DatasetFiles splits{.train = files.data};
  if (data::ByteStream file(files.data); !is_hdf5(file)) return splits;
  if (data::has_dataset(files.data, "valid")) splits.valid = files.data;
  if (data::has_dataset(files.data, "test")) splits.test = files.data;
  return splits;
}

}  // namespace

bool DatasetFiles::any() const {
  return std::ranges::any_of(kDatasetFiles,
                             [&](const auto& file) { return !(this->*file.path).empty(); });
}

const std::filesystem::path& DatasetFiles::file_of(std::string_view split) const {
  if (!data.empty()) return data;
  return this->*std::ranges::find(kDatasetFiles, split, &NamedDatasetFile::name)->path;
}

std::vector<std::string> splits_of(const DatasetFiles& files) {
  const auto paths = with_splits(files);
  std::vector<std::string> names;
  for (const auto& [name, path] : kDatasetFiles) {
    if (!(paths.*path).empty()) names.emplace_back(name);
  }
  return names;
}

Rows load_split(const DatasetFiles& files, std::string_view split, const Binarize& binarize) {
  static_cast<void>(Binarize::parse(binarize.to_string()));
  const auto paths = with_splits(files);
  const auto* const wanted = std::ranges::find(kDatasetFiles, split, &NamedDatasetFile::name);
  if (wanted == kDatasetFiles.end() || (paths.*wanted->path).empty()) {
    throw InvalidArgument("split", split, fmt::format("{}", fmt::join(splits_of(files), ", ")));
  }
  return read_split(
             {.path = paths.*wanted->path, .split = wanted->name.data(), .binarize = binarize})
      .rows;
}

Dataset load_dataset(const DatasetFiles& files, const Binarize& binarize) {
  static_cast<void>(Binarize::parse(binarize.to_string()));  // a threshold out of range
  const auto paths = with_splits(files);
  auto train = read_split({.path = paths.train, .split = "train", .binarize = binarize});
  const auto units = train.rows.units();
  const auto other = [&](const path& file, const char* split) {
    return read_other({.path = file, .split = split, .binarize = binarize, .units = units}, train);
  };
  auto valid = other(paths.valid, "valid");
  auto test = other(paths.test, "test");
  return {.name = paths.train.filename().string(),
          .train = std::move(train.rows),
          .valid = std::move(valid),
          .test = std::move(test),
          .shape = train.shape};
}

}  // namespace helmholtz
