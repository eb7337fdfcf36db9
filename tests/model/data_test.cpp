// Data sets from files: the same rows from every format, values to units, memory, digests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "helmholtz/dataset.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/random.hpp"
#include "model/data_files.hpp"
#include "support/temporary_directory.hpp"
#include "support/worlds.hpp"

namespace helmholtz {
namespace {

using testing::add_dataset;
using testing::error_of;
using testing::gzip;
using testing::h5py_bool;
using testing::idx;
using testing::npy;
using testing::npy_header;
using testing::raw_bytes;
using testing::Storage;
using testing::TemporaryDirectory;
using testing::write_file;

using namespace std::string_literals;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

const Binarize kHalf{.kind = Binarize::Kind::threshold, .threshold = 0.5};
const Binarize kSample{.kind = Binarize::Kind::sample};

/// The rows of a split as 0 and 1, joined by blanks.
std::string drawn(const Rows& rows) {
  std::string text;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    if (n > 0) text += ' ';
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows.units()); ++i) {
      text += (rows.words(n)[i / 32] >> (i % 32) & 1U) != 0 ? '1' : '0';
    }
  }
  return text;
}

class Data : public ::testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, std::string_view bytes) {
    write_file(folder_.path() / name, bytes);
    return folder_.path() / name;
  }
  Dataset read(std::string_view bytes, const Binarize& binarize = {}) {
    return load_dataset({.data = file("data", bytes)}, binarize);
  }
  std::filesystem::path fresh_hdf5() {
    auto path = folder_.path() / "data.h5";
    std::filesystem::remove(path);
    return path;
  }

  TemporaryDirectory folder_;
};

/// 70 rows of 13 x 11 values k/255, more than a word and no whole number of them.
std::vector<std::uint8_t> grey_values() {
  std::minstd_rand random(7);
  std::vector<std::uint8_t> values(70 * 143);
  for (auto& value : values) value = static_cast<std::uint8_t>(random() >> 7U);
  return values;
}

std::string as_text(const std::vector<double>& values, std::size_t units, const char* separator) {
  std::string text;
  for (std::size_t first = 0; first < values.size(); first += units) {
    const std::vector<double> row(values.data() + first, values.data() + first + units);
    text += fmt::format("{}\n", fmt::join(row, separator));
  }
  return text;
}

TEST_F(Data, EveryFormatGivesTheSameRows) {
  const auto grey = grey_values();
  std::vector<double> reals;
  for (const auto k : grey) reals.push_back(k / 255.0);
  const std::vector<float> floats(reals.begin(), reals.end());
  for (const auto& binarize : {kHalf, kSample}) {
    const auto expected = read(idx({70, 143}, grey), binarize).train.digest();
    std::vector<std::string> files = {
        idx({70, 13, 11}, grey),
        gzip(idx({70, 13, 11}, grey)),
        npy(npy_header("|u1", "70, 143"), raw_bytes(grey)),
        npy(npy_header("|u1", "70, 143"), raw_bytes(grey), 2),
        npy(npy_header("|u1", "70, 13, 11"), raw_bytes(grey), 3),
        npy(npy_header("<f4", "70, 143"), raw_bytes(floats)),
        gzip(npy(npy_header("<f8", "70, 143"), raw_bytes(reals))),
        as_text(reals, 143, " "),
        as_text(reals, 143, ", "),
        "\xEF\xBB\xBF# grey\r\n\r\n" + as_text(reals, 143, "\t"),
    };
    for (const auto& content : files) {
      EXPECT_EQ(read(content, binarize).train.digest(), expected) << content.substr(0, 60);
    }
    for (const auto& storage : {Storage{}, Storage{.chunk = {20, 50}, .gzip = 1}}) {
      for (const auto type : {H5T_STD_U8LE, H5T_IEEE_F32LE, H5T_IEEE_F64LE}) {
        const auto path = fresh_hdf5();
        const bool is_float = H5Tequal(type, H5T_IEEE_F32LE) > 0;
        const bool is_byte = H5Tequal(type, H5T_STD_U8LE) > 0;
        add_dataset(path, "train", type, {70, 143},
                    is_byte    ? raw_bytes(grey)
                    : is_float ? raw_bytes(floats)
                               : raw_bytes(reals),
                    storage);
        EXPECT_EQ(load_dataset({.data = path}, binarize).train.digest(), expected);
      }
    }
  }
}

TEST_F(Data, EveryFormatGivesTheSameBits) {
  const std::vector<std::uint8_t> bits = {0, 1, 1, 0, 1, 0};
  const std::vector<float> floats(bits.begin(), bits.end());
  const std::vector<std::string> files = {
      "011\n010\n",
      "0 1 1 \r\n0 1 0 ",
      "0,1,1\n# between\n\n 0, 1 ,0\n",
      "0.0\t1\t1e0\n-0.0 1. 0\n",
      idx({2, 3}, bits),
      idx({2, 1, 3}, bits),
      npy(npy_header("|b1", "2, 3"), raw_bytes(bits)),
      npy(npy_header("|i1", "2, 3"), raw_bytes(bits)),
      npy("{'shape':(2,3),'fortran_order':False,'descr':'|u1'}", raw_bytes(bits)),
      npy(npy_header("<f4", "2, 3"), raw_bytes(floats)),
      gzip(idx({2, 3}, bits).substr(0, 9)) + gzip(idx({2, 3}, bits).substr(9)),
      gzip(idx({2, 3}, bits)) + std::string(100'000, '\0'),  // more than a buffer
      gzip(idx({2, 3}, bits).substr(0, 9)) + "\0\0"s + gzip(idx({2, 3}, bits).substr(9)),
  };
  const auto expected = read(files[0]).digest();
  EXPECT_EQ(drawn(read(files[0]).train), "011 010");
  for (const auto& content : files) {
    for (const auto& binarize : {Binarize{}, kHalf}) {
      const auto data = read(content, binarize);
      EXPECT_EQ(drawn(data.train), "011 010") << content;
      EXPECT_EQ(data.digest(), expected) << content;
    }
  }
  const auto boolean = h5py_bool();
  for (const auto type : {H5T_STD_I8LE, boolean.get()}) {
    const auto path = fresh_hdf5();
    add_dataset(path, "train", type, {2, 3}, raw_bytes(bits));
    EXPECT_EQ(load_dataset({.data = path}).digest(), expected);
  }
}

TEST_F(Data, AnHdf5FileHasItsSplits) {
  const auto path = fresh_hdf5();
  // Chunks that reach behind the end, and one that could grow.
  add_dataset(path, "train", H5T_STD_U8LE, {3, 2}, raw_bytes<std::uint8_t>({1, 0, 0, 1, 1, 1}),
              {.chunk = {2, 2}, .gzip = 1});
  add_dataset(path, "test", H5T_STD_U8LE, {1, 2}, raw_bytes<std::uint8_t>({1, 1}),
              {.chunk = {5, 2}, .is_extendible = true});
  const auto data = load_dataset({.data = path});
  EXPECT_EQ(drawn(data.train), "10 01 11");
  EXPECT_FALSE(data.valid.has_value());
  EXPECT_EQ(drawn(data.test.value()), "11");
  EXPECT_EQ(data.name, "data.h5");
  const auto other = load_dataset({.train = file("a", "10\n01\n11\n"), .test = path});
  EXPECT_EQ(other.digest(), data.digest());
  EXPECT_EQ(other.name, "a");
  // The digest is of all splits, and of which they are.
  EXPECT_NE(load_dataset({.train = path}).digest(), data.digest());
  EXPECT_NE(load_dataset({.train = path, .valid = file("b", "11\n")}).digest(), data.digest());
  EXPECT_NE(load_dataset({.train = path, .test = file("b", "10\n")}).digest(), data.digest());
}

TEST_F(Data, TheShapeOfImagesIsKept) {
  const auto images = read(idx({1, 2, 3}, {0, 1, 1, 0, 1, 0}));
  ASSERT_TRUE(images.shape.has_value());
  EXPECT_EQ(images.shape->rows, 2);
  EXPECT_EQ(images.shape->columns, 3);
  EXPECT_EQ(images.train.units(), 6);
  EXPECT_FALSE(read("010110\n").shape.has_value());
}

TEST_F(Data, UnsignedBytesMeanKOf255WhereOneIsAbove1) {
  EXPECT_EQ(drawn(read(idx({2, 2}, {0, 1, 1, 0}), kHalf).train), "01 10");
  EXPECT_EQ(drawn(read(idx({3, 2}, {0, 1, 1, 0, 127, 128}), kHalf).train), "00 00 01");
  const Binarize lowest{.kind = Binarize::Kind::threshold, .threshold = 1 / 255.0};
  EXPECT_EQ(drawn(read(idx({3, 2}, {0, 1, 1, 0, 2, 0}), lowest).train), "01 10 10");
  const auto sampled = [&](const std::vector<std::uint8_t>& values) {
    const auto data = read(idx({2, 2}, values), kSample);
    return std::vector<int>(data.train.grey().begin(), data.train.grey().end());
  };
  EXPECT_THAT(sampled({0, 1, 1, 0}), ElementsAre(0, 255, 255, 0));
  EXPECT_THAT(sampled({0, 1, 255, 7}), ElementsAre(0, 1, 255, 7));
}

TEST_F(Data, SamplesKeepTheNearestOf255) {
  const auto data = read("0 0.001 0.002 0.5 0.999 1\n", kSample);
  EXPECT_THAT(data.train.grey(), ElementsAre(0, 0, 1, 128, 255, 255));
  EXPECT_TRUE(data.train.is_grey());
  EXPECT_THAT(data.train.marginals(),
              Pointwise(DoubleNear(1e-15), {0.0, 0.0, 1 / 255.0, 128 / 255.0, 1.0, 1.0}));
}

TEST_F(Data, RowsAreWordsOfTheirOwn) {
  const auto rows = read(std::string(32, '1') + "01\n" + std::string(32, '0') + "10\n").train;
  EXPECT_EQ(rows.words_per_row(), 2U);
  EXPECT_THAT(rows.words(), ElementsAre(~std::uint32_t{0}, 2, 0, 1));
  EXPECT_THAT(rows.words(1), ElementsAre(0, 1));
  const auto marginals = rows.marginals();
  EXPECT_EQ(marginals[0], 0.5);
  EXPECT_EQ(marginals[33], 0.5);
  EXPECT_EQ(bytes_of(2, 34), rows.words().size_bytes());
  EXPECT_EQ(bytes_of(10'000'000, 784), 1'000'000'000U);
  EXPECT_EQ(bytes_of(10, 784, kSample), 7'840U);
}

TEST(RowsInMemory, RefuseWhatIsNoRows) {
  using Words = std::vector<std::uint32_t>;
  EXPECT_EQ(Rows(33, Words{0, 1, 0, 0}).size(), 2U);
  EXPECT_THROW(Rows(0, Words{1}), InvalidArgument);
  EXPECT_THROW(Rows(65'537, Words(2049)), InvalidArgument);
  EXPECT_THROW(Rows(33, Words{0, 1, 0}), InvalidArgument);
  EXPECT_THROW(Rows(33, Words{}), InvalidArgument);
  EXPECT_THROW(Rows(33, Words{0, 0, 0, 2}), InvalidArgument);
  EXPECT_THROW(Rows(2, std::vector<std::uint8_t>{1, 2, 3}), InvalidArgument);
}

// Digests are recorded with what was trained on them: they may not change.
TEST_F(Data, DigestsStay) {
  EXPECT_EQ(fmt::format("{:016x}", read("011\n010\n").digest()), "8e001aa5180d2ce8");
  EXPECT_EQ(fmt::format("{:016x}", read("0 0.5\n", kSample).digest()), "0da6a60dd3241809");
}

TEST_F(Data, DrawsAreAddressedByVisitAndUnit) {
  const auto rows = read("0 1 0.5 0.2 0.9 0.1\n", kSample).train;
  std::vector<int> counts(6);
  constexpr int kVisits = 20'000;
  for (std::uint64_t visit = 0; visit < kVisits; ++visit) {
    std::uint32_t word = ~std::uint32_t{0};
    draw_row(rows, 0, 42, visit, {&word, 1});
    ASSERT_EQ(word >> 6U, 0U);
    for (std::size_t i = 0; i < 6; ++i) counts[i] += static_cast<int>(word >> i & 1U);
    const auto address = random_word({42, RandomPurpose::binarisation, 0}, visit * 2, 4);
    ASSERT_EQ((word >> 4U & 1U) != 0, address < (std::uint64_t{230} << 32U) / 255);
  }
  EXPECT_EQ(counts[0], 0);
  EXPECT_EQ(counts[1], kVisits);
  for (std::size_t i = 2; i < 6; ++i) {
    const double p = rows.grey(0)[i] / 255.0;
    EXPECT_NEAR(counts[i], kVisits * p, 5 * std::sqrt(kVisits * p * (1 - p)));
  }
  std::uint32_t bits = 0;
  draw_row(read("0110\n").train, 0, 42, 3, {&bits, 1});
  EXPECT_EQ(bits, 6U);
}

TEST(BinarizeText, ReadsAndWritesItself) {
  for (const auto* text : {"none", "sample", "0.5", "1"}) {
    EXPECT_EQ(Binarize::parse(text).to_string(), text);
  }
  for (const auto* text : {"", "0", "1.5", "nan", "-0.5", "Sample", "50%"}) {
    EXPECT_EQ(error_of([&] { Binarize::parse(text); }),
              fmt::format("2: binarize: got \"{}\"; allowed: none, sample, or a threshold above 0, "
                          "at most 1",
                          text));
  }
}

// Debian's package dataset-fashion-mnist.
TEST(FashionMnist, IsReadAsItIsShipped) {
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "dataset-fashion-mnist is not installed";
  const DatasetFiles files{.train = folder / "train-images-idx3-ubyte.gz",
                           .test = folder / "t10k-images-idx3-ubyte.gz"};
  const auto data = load_dataset(files, kHalf);
  EXPECT_EQ(data.train.size(), 60'000U);
  EXPECT_EQ(data.test.value().size(), 10'000U);
  EXPECT_EQ(data.train.units(), 784);
  EXPECT_EQ(data.shape.value().rows, 28);
  EXPECT_EQ(fmt::format("{:016x}", data.digest()), "01239f6d41202e8b");
}

}  // namespace
}  // namespace helmholtz
