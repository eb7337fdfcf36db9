// Whatever a text, IDX or NPY file holds, in gzip or not, it is rows or a BadData.
#include "fuzz/fuzzed_data.hpp"
#include "fuzz/hostile_file.hpp"
#include "model/data_files.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz::fuzz {

void fuzz_one(FuzzedDataProvider& data) {
  static const testing::TemporaryDirectory folder;
  const auto path = folder.path() / "data";
  const auto binarize = any_binarize(data);
  const bool is_gzip = data.ConsumeIntegral<std::uint8_t>() > 127;
  const auto content = data.ConsumeRemainingBytesAsString();
  // A mutated gzip file is hardly ever one: its content is mutated before.
  testing::write_file(path, is_gzip ? testing::gzip(content) : content);
  require_sound(load_dataset({.data = path}, binarize), binarize);
}

}  // namespace helmholtz::fuzz
