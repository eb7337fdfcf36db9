// The tables that a sweep is exported to.
#include "run/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "support/read_file.hpp"
#include "support/small_sweep.hpp"

namespace helmholtz {
namespace {

using testing::lines_of;
using testing::shard_of;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Four configurations that differ in schedule and start alone.
SweepSpec schedules_and_initialisations() {
  auto spec = testing::two_configurations();
  spec.rates = {0.05};
  spec.schedules = {{}, Schedule::parse("exponential:0.5:10")};
  spec.initialisations = {{}, Initialisation::parse("normal:0.1+visible-bias:marginal")};
  spec.samples = 7;
  return spec;
}

/// Machines 2 to 4 of them; the last one has diverged.
Shard three_machines(const SweepSpec& spec) {
  return shard_of(spec, {0.25, std::numeric_limits<double>::infinity(), std::nan("")}, 2);
}

TEST(CsvExport, TellsConfigurationsApart) {
  const auto spec = schedules_and_initialisations();
  auto shard = three_machines(spec);
  shard.set_evaluation(0, 1, {.kl_exact = 0.1, .kl_sampled = 0.2, .unseen = 3});
  std::string text;
  CsvExport csv(spec, [&](std::string_view bytes) { text += bytes; });
  csv.write(shard);
  EXPECT_THAT(lines_of(text),
              ElementsAre("machine,seed,layers,lr,batch,step,kl_exact,kl_sampled,unseen,status,"
                          "configuration,schedule,init",
                          "2,0,\"1,6,9\",0.05,1,10,1.25,1.25,0,ok,2,exponential:0.5:10,zero",
                          "2,0,\"1,6,9\",0.05,1,20,0.1,0.2,3,ok,2,exponential:0.5:10,zero",
                          "3,0,\"1,6,9\",0.05,1,10,inf,inf,0,ok,3,exponential:0.5:10,"
                          "normal:0.1+visible-bias:marginal",
                          "3,0,\"1,6,9\",0.05,1,20,inf,inf,0,ok,3,exponential:0.5:10,"
                          "normal:0.1+visible-bias:marginal",
                          "4,1,\"1,6,9\",0.05,1,10,,,,diverged,0,constant,zero",
                          "4,1,\"1,6,9\",0.05,1,20,,,,diverged,0,constant,zero"));
}

TEST(CsvExport, HasNoUnseenWithoutSamples) {
  const auto spec = testing::two_configurations();
  std::string text;
  CsvExport csv(spec, [&](std::string_view bytes) { text += bytes; });
  csv.write(shard_of(spec, {0.25}));
  EXPECT_EQ(lines_of(text).at(2), "0,0,\"1,6,9\",0.05,1,20,0.25,,,ok,0,constant,zero");
}

// More than the buffer holds: nothing is lost or written twice.
TEST(CsvExport, WritesEachLineOnce) {
  auto spec = testing::two_configurations();
  spec.seeds = SeedSet::parse("0:20000");
  std::string text;
  int pieces = 0;
  CsvExport csv(spec, [&](std::string_view bytes) {
    text += bytes;
    ++pieces;
  });
  csv.write(shard_of(spec, std::vector<double>(spec.machines(), 0.5)));
  EXPECT_GT(pieces, 2);
  const auto lines = lines_of(text);
  ASSERT_EQ(lines.size(), 1 + 2 * spec.machines());
  for (std::uint64_t m = 0; m < spec.machines(); ++m) {
    EXPECT_TRUE(lines[1 + 2 * m].starts_with(std::to_string(m) + ',')) << lines[1 + 2 * m];
    EXPECT_THAT(lines[2 + 2 * m], HasSubstr(",20,0.5,"));
  }
}

template <class Number>
Number number_at(const std::string& bytes, std::size_t at) {
  Number value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

TEST(NpyExport, IsAnArrayOfRecords) {
  const auto spec = schedules_and_initialisations();
  auto shard = three_machines(spec);
  shard.set_evaluation(1, 1, {.kl_exact = 0.1, .kl_sampled = 0.2, .unseen = 3});
  std::string npy;
  NpyExport array(spec, 3, [&](std::string_view bytes) { npy += bytes; });
  array.write(shard);
  constexpr std::size_t kRecord = 49;
  ASSERT_EQ(npy.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const auto begin = std::size_t{10} + number_at<std::uint16_t>(npy, 8);
  EXPECT_EQ(begin % 64, 0U);
  EXPECT_EQ(npy[begin - 1], '\n');
  EXPECT_THAT(npy.substr(0, begin), HasSubstr("'shape': (6,)"));
  ASSERT_EQ(npy.size(), begin + 6 * kRecord);
  const auto fourth = begin + 3 * kRecord;  // machine 3, at its second evaluation
  EXPECT_EQ(number_at<std::uint64_t>(npy, fourth), 3U);
  EXPECT_EQ(number_at<std::uint64_t>(npy, fourth + 8), 0U);
  EXPECT_EQ(number_at<std::uint32_t>(npy, fourth + 16), 3U);
  EXPECT_EQ(number_at<std::uint64_t>(npy, fourth + 20), 20U);
  EXPECT_EQ(number_at<double>(npy, fourth + 28), 0.1);
  EXPECT_EQ(number_at<double>(npy, fourth + 36), 0.2);
  EXPECT_EQ(number_at<std::uint32_t>(npy, fourth + 44), 3U);
  EXPECT_EQ(npy[fourth + 48], 0);
  EXPECT_EQ(npy[fourth + kRecord + 48], 1);
}

}  // namespace
}  // namespace helmholtz
