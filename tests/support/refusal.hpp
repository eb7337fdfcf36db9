#pragma once

#include <gmock/gmock.h>

#include <string>

namespace helmholtz::testing {

/// Matches the stderr of a program that refused a value: one line that begins with the field, a
/// flag or a variable, and the value, and says what is allowed. The words are free.
inline auto Refuses(const std::string& field, const std::string& value) {
  return ::testing::StartsWith("helmholtz: " + field + ": got \"" + value + "\"; allowed: ");
}

/// Matches the stderr of a program that failed on a file: one line that begins with its name.
inline auto NamesFile(const std::string& path) {
  return ::testing::StartsWith("helmholtz: " + path + ": ");
}

}  // namespace helmholtz::testing
