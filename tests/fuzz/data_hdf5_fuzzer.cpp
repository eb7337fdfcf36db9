// Whatever the datasets of an HDF5 file hold, they are splits or a BadData.
#include "fuzz/fuzzed_data.hpp"
#include "fuzz/hostile_file.hpp"
#include "model/data_files.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz::fuzz {

void fuzz_one(FuzzedDataProvider& data) {
  static const testing::TemporaryDirectory folder;
  static const std::vector<Field> fields = {
      field<std::uint8_t>("train", {3, 4}, {0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1}),
      field<float>("valid", {2, 4}, {0, 1, 1, 0, 0.5F, 0, 1, 0.25F}),
      field<double>("test", {1, 2, 2}, {0, 1, 1, 0.75})};
  const auto path = folder.path() / "data.h5";
  const auto binarize = any_binarize(data);
  testing::write_file(path, image(fields, data));
  require_sound(load_dataset({.data = path}, binarize), binarize);
}

}  // namespace helmholtz::fuzz
