#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "helmholtz/metrics.hpp"

namespace helmholtz::app {

/// Writes text to stdout, where the data goes, and flushes it: a reader sees each line at once.
/// Control characters but the newline become '?': names of files and worlds may hold them.
/// @throws IoError if it cannot be written, e.g. to a full disk or a closed pipe
void print(std::string_view text);

template <class First, class... Rest>
void print(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) {
  print(fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...));
}

/// print() and a newline.
void print_line(std::string_view text);
template <class First, class... Rest>
void print_line(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) {
  print_line(fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...));
}

/// Writes text as it is: tables, arrays, and escape sequences of our own. @throws IoError
void print_bytes(std::string_view text);

/// Writes a diagnostic line to stderr; control characters become '?'.
void note(std::string_view text);
template <class First, class... Rest>
void note(fmt::format_string<First, Rest...> format, First&& first, Rest&&... rest) {
  note(fmt::format(format, std::forward<First>(first), std::forward<Rest>(rest)...));
}

/// A name as part of a text for print(): on one line.
std::string shown(const std::filesystem::path& path);

inline constexpr std::size_t kHelpWidth = 80;
/// The text with each of its lines broken at spaces so that none is longer than `width`, where
/// words allow; what follows a break begins with `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent = 0, std::size_t width = kHelpWidth);

using Json = nlohmann::ordered_json;

/// One line of --json output, in ASCII: numbers with all their digits; NaN and infinity are null; a
/// name that is no UTF-8 is mended.
std::string json_text(const Json& json);
void print_json(const Json& json);
template <class Value>
Json json_or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

/// Evaluations of one machine as a table, or as JSON lines `{"step":…,"kl_exact":…, …}`.
class EvaluationTable {
 public:
  /// @param options  of the evaluations: a table has the metrics that they compute; JSON lines have
  ///                 exported_metrics(), null where they do not
  EvaluationTable(const EvaluationOptions& options, const Ensemble& ensemble, bool json);

  /// The head of a table; empty for JSON.
  [[nodiscard]] std::string header() const;
  /// Prints a line; "-", or null, for a number that is not there.
  void print(std::uint64_t step, const Evaluation& evaluation) const;

 private:
  std::vector<const Metric*> metrics_;
  bool json_;
};

}  // namespace helmholtz::app
