#include "model/lines.hpp"

#include <fmt/format.h>

#include "base/input_file.hpp"
#include "helmholtz/error.hpp"
#include "helmholtz/topology.hpp"

namespace helmholtz {

namespace {

constexpr std::size_t kMaxLineBytes = std::size_t{Topology::kMaxUnits} * 26;

}  // namespace

std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F ? fmt::format("\"{}\"", c) : fmt::format("byte 0x{:02x}", byte);
}

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string out = "\"";
  for (const char c : text.substr(0, kLongest)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return out + (text.size() > kLongest ? "…\"" : "\"");
}

bool is_skipped(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  return first == std::string::npos || line[first] == '#';
}

Lines::Lines(std::string_view path)
    : path_(path),
      buffer_(kMaxLineBytes + 2, '\0'),
      file_(io::open_stream(path_, "is a directory; allowed: a file of patterns")) {}

std::optional<std::string_view> Lines::next() {
  file_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  auto length = static_cast<std::size_t>(file_.gcount());
  if (file_.bad()) throw IoError(path_, fmt::format("cannot be read after line {}", number_));
  if (file_.eof() && length == 0) return std::nullopt;
  ++number_;
  if (file_.fail()) {
    fail(fmt::format("is longer than {} bytes; allowed: at most {} units", kMaxLineBytes,
                     Topology::kMaxUnits));
  }
  if (!file_.eof()) --length;  // getline counts the newline
  std::string_view line(buffer_.data(), length);
  if (number_ == 1) line = without_mark(line);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

void Lines::fail(std::string_view problem) const {
  throw BadData(path_, fmt::format("line {} {}", number_, problem));
}

void Lines::fail_at(std::size_t column, std::string_view problem) const {
  throw BadData(path_, fmt::format("line {}, column {}: {}", number_, column + 1, problem));
}

std::string_view Lines::without_mark(std::string_view line) const {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF")) {
    fail("begins as UTF-16 text does; allowed: ASCII or UTF-8");
  }
  return line.starts_with(kMark) ? line.substr(kMark.size()) : line;
}

}  // namespace helmholtz
