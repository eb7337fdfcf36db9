// Data sets that are none: each error names the file, and the row, column and value where there is
// one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "helmholtz/dataset.hpp"
#include "model/data_files.hpp"
#include "support/temporary_directory.hpp"
#include "support/worlds.hpp"

namespace helmholtz {
namespace {

using testing::add_dataset;
using testing::error_of;
using testing::gzip;
using testing::idx;
using testing::npy;
using testing::npy_header;
using testing::raw_bytes;
using testing::Storage;
using testing::TemporaryDirectory;
using testing::write_file;
using namespace std::string_literals;

using ::testing::HasSubstr;
using ::testing::StartsWith;

class BadDataset : public ::testing::Test {
 protected:
  std::filesystem::path path(const std::string& name = "data") { return folder_.path() / name; }

  /// The error of a file, without its folder.
  std::string error(std::string_view bytes, const char* binarize = "none") {
    write_file(path(), bytes);
    return error_of_files({.data = path()}, binarize);
  }
  std::string error_of_files(const DatasetFiles& files, const char* binarize = "none") {
    auto text = error_of([&] { load_dataset(files, Binarize::parse(binarize)); });
    const auto folder = folder_.path().string() + "/";
    for (auto at = text.find(folder); at != std::string::npos; at = text.find(folder)) {
      text.erase(at, folder.size());
    }
    return text;
  }
  /// The error of an HDF5 file of one dataset.
  std::string hdf5_error(const char* name, hid_t type, const hdf5::Shape& shape,
                         const std::string& bytes, const Storage& storage = {}) {
    std::filesystem::remove(path());
    add_dataset(path(), name, type, shape, bytes, storage);
    return error_of_files({.data = path()});
  }

  TemporaryDirectory folder_;
};

TEST_F(BadDataset, TextNamesLineAndColumn) {
  struct Case {
    std::string content;
    std::string message;
  };
  const std::string allowed = "; allowed: numbers from 0 to 1 with blanks, one comma or";
  const std::vector<Case> cases = {
      {"", "holds no rows; allowed: one or more"},
      {"# nothing\n\n", "holds no rows"},
      {"0 1\n0 0.5\n", "line 2, column 2: got 0.5; allowed: 0 and 1 (others: with"},
      {"0 1\n\n0 nan\n", "line 3, column 2: got nan; allowed: 0 and 1"},
      {"0 -inf\n", "line 1, column 2: got -inf; allowed: 0 and 1"},
      {"0,1,2\n", "line 1, column 3: got 2; allowed: 0 and 1"},
      {"01\n011\n", "line 2 has 3 values; allowed: 2, as the first row has"},
      {"x1,x2\n0,1\n", "line 1, column 1: got \"x1\"" + allowed},
      {"0,1,\n", "line 1, column 3: got no value at the end" + allowed},
      {"0,,1\n", "line 1, column 2: got \",\"" + allowed},
      {",1\n", "line 1, column 1: got \",\"" + allowed},
      {"0 1e999\n", "line 1, column 2: got \"1e999\"" + allowed},
      {"0;1\n", "line 1, column 1: got \"0;1\"" + allowed},
      {"0\x1b[31m1\n", "line 1, column 1: got \"0?[31m1\"" + allowed},
      {"\xFF\xFE\x30\x00"s, "line 1 begins as UTF-16 text does"},
      {std::string(65'537, '1'), "train: has rows of 65537 units; allowed: 1 to 65536"},
      {std::string(std::size_t{1} << 21U, '1'), "line 1 is longer than 1703936 bytes"},
      {gzip("01\n"), "is gzip of no IDX or NPY file"},
      {"PK\3\4", "line 1, column 1: got \"PK??\"" + allowed},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(error(c.content), StartsWith("65: data: " + c.message)) << c.content.substr(0, 40);
  }
  EXPECT_THAT(error("0 1\n0.5 1.25\n", "sample"),
              StartsWith("65: data: line 2, column 2: got 1.25; allowed: 0 to 1"));
  EXPECT_THAT(error("0 1\n-0.5 1\n", "0.5"),
              StartsWith("65: data: line 2, column 1: got -0.5; allowed: 0 to 1"));
  EXPECT_THAT(error("0 nan\n", "0.5"), StartsWith("65: data: line 1, column 2: got nan"));
}

TEST_F(BadDataset, IdxNamesWhatIsWrong) {
  const auto good = idx({2, 3}, {0, 1, 0, 1, 1, 1});
  const auto with_magic = [&](const std::string& magic) { return magic + good.substr(4); };
  const std::string magic = "; allowed: 0x00000802 and 0x00000803 (unsigned bytes, 2 or 3";
  struct Case {
    std::string content;
    std::string message;
  };
  const std::vector<Case> cases = {
      {with_magic("\0\0\x0D\x03"s), "has the IDX magic 0x00000d03" + magic},
      {with_magic("\0\0\x08\x04"s), "has the IDX magic 0x00000804" + magic},
      {with_magic("\0\0\xFF\xFF"s), "has the IDX magic 0x0000ffff" + magic},
      {idx({6}, {0, 1, 0, 1, 1, 1}), "train: has 1 dimensions; allowed: 2"},
      {good.substr(0, 3), "ends within its header"},
      {good.substr(0, 10), "ends within its header"},
      {good.substr(0, good.size() - 1), "is too short: its header says 2 rows of 3 bytes, and 5 "},
      {good + "x", "has bytes after its 2 rows"},
      {idx({0, 3}, {}), "train: holds no rows; allowed: one or more"},
      {idx({2, 0, 3}, {}), "train: has rows of 0 units; allowed: 1 to 65536"},
      {idx({0xFFFFFFFF, 3}, {1, 1, 1}), "is too short: its header says 4294967295 rows of 3 "},
      {idx({1, 0xFFFFFFFF, 0xFFFFFFFF}, {1}), "train: has rows of 18446744065119617025 units"},
      {idx({2, 3}, {0, 1, 0, 1, 1, 2}), "row 2, column 3: got 2; allowed: 0 and 1"},
      {gzip(good + "x"), "has bytes after its 2 rows"},
      {gzip(good.substr(0, 17)), "ends within row 2 of 2"},
      {gzip(good).substr(0, 20), "is gzip cut short"},
      {gzip(good).substr(0, gzip(good).size() - 1), "is gzip cut short"},
      {gzip(good) + "x", "is gzip cut short"},
      {gzip(good) + "trailing", "has bytes after its gzip content"},
      {gzip(good) + "\0\0trailing"s, "has bytes after its gzip content"},
      {gzip(idx({0xFFFFFFFF, 784}, {1})), "is too short: its header says 4294967295 rows of 784 "},
      {"\x1F\x8B", "is gzip cut short"},
      {"\x1F\x8Bnonsense", "is damaged gzip (unknown compression method)"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(error(c.content), StartsWith("65: data: " + c.message)) << c.message;
  }
  auto damaged = gzip(good);
  damaged[damaged.size() - 6] ^= 1;
  EXPECT_THAT(error(damaged), StartsWith("65: data: is damaged gzip (incorrect data check)"));
}

TEST_F(BadDataset, NpyNamesWhatIsWrong) {
  const auto header = npy_header("|u1", "2, 2");
  const auto good = npy(header, "\0\1\1\0"s);
  const auto of_type = [](const std::string& type) {
    return npy(npy_header(type, "2, 2"), std::string(32, '\0'));
  };
  const std::string types = "; allowed: |b1, |i1, |u1, <f4, <f8";
  const std::vector<float> floats = {0, 1, std::numeric_limits<float>::quiet_NaN(), 0};
  struct Case {
    std::string content;
    std::string message;
  };
  const std::vector<Case> cases = {
      {of_type("|O"), "holds values of type \"'|O'\"" + types},
      {of_type(">f4"), "holds values of type \"'>f4'\"" + types},
      {of_type("<i8"), "holds values of type \"'<i8'\"" + types},
      {npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2), }", "12345678"),
       "holds values of type \"[('a'\"" + types},
      {npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2), }", "\0\1\1\0"s),
       "is in Fortran order; allowed: C order"},
      {npy("{'descr': '|u1', 'fortran_order': False}", "\0\1\1\0"s), "has no shape in its NPY"},
      {npy("{}", ""), "has no fortran_order in its NPY header"},
      {npy("{'fortran_order': False, 'shape': (2, 2)}", "\0\1\1\0"s), "has no descr in its NPY"},
      {npy(npy_header("|u1", "2, x"), "\0\1\1\0"s), "has shape (2, x) in its NPY header"},
      {npy(npy_header("|u1", "-2, 2"), "\0\1\1\0"s), "has shape (-2, 2) in its NPY header"},
      {npy(npy_header("|u1", "4,"), "\0\1\1\0"s), "train: has 1 dimensions; allowed: 2"},
      {npy(npy_header("|u1", ""), "\1"), "train: has 0 dimensions"},
      {npy(npy_header("|u1", "1, 1, 2, 2"), "\0\1\1\0"s), "train: has 4 dimensions"},
      {npy(npy_header("|u1", "0, 2"), ""), "train: holds no rows"},
      {npy(npy_header("|u1", "2, 0"), ""), "train: has rows of 0 units; allowed: 1 to 65536"},
      {npy(npy_header("|u1", "1, 4294967296, 4294967296"), "\0"s), "train: has rows of 1844674407"},
      {npy(npy_header("|u1", "1, 65537"), std::string(65'537, '\1')), "train: has rows of 65537"},
      {npy(npy_header("<f8", "1000000000000, 2"), "\0\1\1\0"s),
       "is too short: its header says 1000000000000 rows of 16 bytes, and 4 bytes follow"},
      {npy(npy_header("<f8", "18446744073709551615, 65536"), "\0\1\1\0"s), "is too short"},
      {good + "x", "has bytes after its 2 rows"},
      {good.substr(0, good.size() - 1), "is too short"},
      {good.substr(0, 20), "ends within its header"},
      {npy(header, "\0\1\1\0"s, 4), "is NPY of version 4; allowed: 1 to 3"},
      {"\x93NUMPY\2\0\xFF\xFF\xFF\xFF"s, "has an NPY header of 4294967295 bytes; allowed"},
      {npy(npy_header("<f4", "2, 2"), raw_bytes(floats)), "row 2, column 1: got nan; allowed: 0"},
      {npy(npy_header("|b1", "2, 2"), "\0\1\1\2"s), "row 2, column 2: got 2; allowed: 0 and 1"},
      {npy(npy_header("|i1", "2, 2"), "\0\1\xFF\0"s), "row 2, column 1: got -1; allowed: 0 and"},
      {npy(npy_header("|u1", "2, 2"), "\0\1\xFF\0"s), "row 2, column 1: got 255; allowed: 0 and"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(error(c.content), StartsWith("65: data: " + c.message)) << c.message;
  }
  EXPECT_THAT(error(npy(npy_header("<f4", "2, 2"), raw_bytes(floats)), "sample"),
              StartsWith("65: data: row 2, column 1: got nan; allowed: 0 to 1"));
}

TEST_F(BadDataset, Hdf5NamesWhatIsWrong) {
  const auto u8 = H5T_STD_U8LE;
  const auto bits = "\0\1\1\0"s;
  EXPECT_THAT(hdf5_error("x", u8, {2, 2}, bits),
              StartsWith("65: data: train: is no dataset of this file"));
  EXPECT_THAT(hdf5_error("train", u8, {4}, bits), StartsWith("65: data: train: has 1 dimensions"));
  EXPECT_THAT(hdf5_error("train", u8, {1, 1, 2, 2}, bits),
              StartsWith("65: data: train: has 4 dimensions"));
  EXPECT_THAT(hdf5_error("train", u8, {}, bits), StartsWith("65: data: train: has 0 dimensions"));
  EXPECT_THAT(hdf5_error("train", u8, {0, 2}, ""), StartsWith("65: data: train: holds no rows"));
  for (const auto type : {H5T_STD_I32LE, H5T_IEEE_F32BE, H5T_STD_U16LE}) {
    EXPECT_THAT(hdf5_error("train", type, {2, 2}, std::string(16, '\0')),
                StartsWith("65: data: train: holds other values; allowed: int8, uint8, bool, "));
  }
  EXPECT_THAT(hdf5_error("train", u8, {2, 2}, "\0\1\1\3"s),
              StartsWith("65: data: train, row 2, column 2: got 3; allowed: 0 and 1"));
}

TEST_F(BadDataset, Hdf5IsNotBelieved) {
  const auto u8 = H5T_STD_U8LE;
  const hsize_t huge = hsize_t{1} << 40U;
  const auto incomplete = hdf5_error("train", u8, {100, 2}, "", {.is_written = false});
  EXPECT_THAT(incomplete, StartsWith("65: data: train: is incomplete"));
  EXPECT_THAT(hdf5_error("train", u8, {100, 2}, "", {.chunk = {10, 2}, .is_written = false}),
              StartsWith("65: data: train: is incomplete: 0 of 10 chunks"));
  EXPECT_THAT(hdf5_error("train", u8, {huge, 2}, "", {.chunk = {1, 2}, .is_written = false}),
              StartsWith("65: data: train: is larger than the file"));
  EXPECT_THAT(hdf5_error("train", u8, {2, 2}, "\0\1\1\0"s, {.chunk = {2, 2}, .gzip = 2}),
              StartsWith("65: data: train: is stored by filter 1; allowed: gzip once, shuffle"));
  // A chunk of 2 MiB for two rows is what gzip can make of a few KB.
  EXPECT_EQ(hdf5_error("train", u8, {2, 2}, "\0\1\1\0"s,
                       {.chunk = {1U << 20U, 2}, .gzip = 1, .is_extendible = true}),
            "nothing thrown");
  Storage forged{.chunk = {1U << 28U, 2}, .gzip = 1, .is_extendible = true, .raw_chunk = "x"};
  EXPECT_THAT(hdf5_error("train", u8, {2, 2}, "", forged),
              StartsWith("65: data: train: is larger than the file"));
  forged.chunk = {2, 2};
  EXPECT_THAT(hdf5_error("train", u8, {2, 2}, "", forged),
              StartsWith("65: data: train: rows 1 to 2 cannot be read"));
  EXPECT_THAT(error("\x89HDF\r\n\x1A\n and no more"),
              StartsWith("65: data: cannot be opened as HDF5"));
}

TEST_F(BadDataset, SplitsAreAlike) {
  write_file(path("three"), "011\n");
  write_file(path("two"), "01\n");
  write_file(path("grey"), idx({1, 2}, {0, 7}));
  write_file(path("ones"), idx({1, 2}, {0, 1}));
  write_file(path("zeros"), idx({1, 2}, {0, 0}));
  EXPECT_EQ(error_of_files({.train = path("three"), .test = path("two")}),
            "65: two: test: has rows of 2 units; allowed: 3, as train has");
  EXPECT_EQ(error_of_files({.train = path("grey"), .valid = path("ones")}, "0.5"),
            "65: ones: valid: holds bytes 0 and 1, and train bytes above 1; allowed: both or "
            "neither");
  EXPECT_EQ(error_of_files({.train = path("ones"), .valid = path("grey")}, "sample"),
            "65: grey: valid: holds bytes above 1, and train bytes 0 and 1; allowed: both or "
            "neither");
  EXPECT_EQ(error_of_files({.train = path("grey"), .valid = path("zeros")}, "0.5"),
            "nothing thrown");
  EXPECT_EQ(error_of_files({.train = path("ones"), .valid = path("two")}), "nothing thrown");
}

TEST_F(BadDataset, FilesThatAreNotThere) {
  write_file(path("two"), "01\n");
  EXPECT_EQ(error_of_files({.data = path("none")}), "66: none: No such file or directory");
  EXPECT_EQ(error_of_files({.train = path("two"), .valid = path("none")}),
            "66: none: No such file or directory");
  EXPECT_THAT(error_of_files({.data = folder_.path()}), HasSubstr("is no regular file"));
  EXPECT_EQ(error_of_files({}), "2: train: got \"\"; allowed: a file, unless data is one");
  EXPECT_THAT(error_of_files({.valid = path("two")}), StartsWith("2: train: got \"\""));
  EXPECT_EQ(error_of_files({.data = path("two"), .test = path("two")}),
            "2: data: got \"two\"; allowed: no file of a split beside it");
  EXPECT_THAT(
      error_of([&] { load_dataset({.data = path("two")}, {.kind = Binarize::Kind::threshold}); }),
      StartsWith("2: binarize: got \"0\""));
}

}  // namespace
}  // namespace helmholtz
