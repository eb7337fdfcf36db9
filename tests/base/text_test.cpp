// Text that others wrote, as it is shown.
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "helmholtz/error.hpp"

namespace helmholtz {
namespace {

TEST(Text, PrintableHasNoControlCharacters) {
  EXPECT_EQ(text::printable("a\x1b[2J\tb\n\x7f"), "a?[2J?b??");
  EXPECT_EQ(text::printable("a\nb\r", '\n'), "a\nb?");
  EXPECT_EQ(text::printable("\xc2\x9b"
                            "31m"),
            "?31m");  // U+009B begins an escape sequence too
  EXPECT_EQ(text::printable(std::string("a\0b", 3)), "a?b");
}

TEST(Text, PrintableKeepsUtf8AndNothingElse) {
  const std::string good = "\xc2\xa0 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80";
  EXPECT_EQ(text::printable(good), good);
  EXPECT_EQ(text::printable("\x9b"
                            "31m \xe4 \xe2\x82"),
            "?31m ? ??");
}

TEST(Errors, QuoteNoControlCharacters) {
  EXPECT_STREQ(BadData("a\rb", "line\n2").what(), "a?b: line?2");
  const InvalidArgument error("lr\x1b", "1\x1b", "a\x1b");
  EXPECT_STREQ(error.what(), "lr?: got \"1?\"; allowed: a?");
}

TEST(Errors, CutALongValueBetweenCharacters) {
  const std::string umlaut = "\xc3\xa4";
  std::string value(79, 'x');
  for (int i = 0; i < 3; ++i) value += umlaut;
  const InvalidArgument error("lr", value, "less");
  EXPECT_EQ(error.what(), "lr: got \"" + std::string(79, 'x') + "…\"; allowed: less");
}

}  // namespace
}  // namespace helmholtz
