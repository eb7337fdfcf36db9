#include "run/export.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "sweep/fields.hpp"

namespace helmholtz {

namespace {

template <class Number>
void append_number(std::string& text, Number value) {
  std::array<char, 32> digits;  // NOLINT: filled by the next line
  const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  text.append(digits.begin(), end);
}

/// Empty for NaN.
void append_value(std::string& text, const Metric& metric, double value) {
  if (std::isnan(value)) return;
  metric.is_count ? append_number(text, static_cast<std::uint64_t>(value))
                  : append_number(text, value);
}

/// Writes a row per machine and evaluation, in pieces of about a MiB.
/// @param append  (text, k, e, evaluation): adds the row of machine k and evaluation e
template <class Append>
void write_rows(const Shard& shard, const ExportOutput& output, Append append) {
  constexpr std::size_t kFlushBytes = std::size_t{1} << 20U;
  std::string text;
  for (std::uint64_t k = 0; k < shard.machines(); ++k) {
    for (std::uint64_t e = 0; e < shard.evaluations; ++e)
      append(text, k, e, shard.evaluation(k, e));
    if (text.size() < kFlushBytes) continue;
    output(text);
    text.clear();
  }
  output(text);
}

template <class Number>
void append_bytes(std::string& record, Number value) {
  record.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Those before the step, and those at the end.
std::pair<std::span<const std::string>, std::span<const std::string>> columns_of(
    const Texts& texts) {
  const auto leading = std::ranges::count(swept_fields(), true, &Field::leads);
  const std::span all(texts);
  return {all.first(static_cast<std::size_t>(leading)),
          all.subspan(static_cast<std::size_t>(leading))};
}

}  // namespace

std::string CsvExport::columns(const SweepSpec& spec) {
  Texts names;
  for (const auto* const field : column_fields(spec)) names.emplace_back(field->name);
  const auto [first, others] = columns_of(names);
  auto text = "machine,seed," + csv_fields(first, true) + "step,";
  for (const auto* const metric : exported_metrics(spec.evaluation_options())) {
    text.append(metric->name) += ',';
  }
  return text + "status,configuration" + csv_fields(others, false);
}

CsvExport::CsvExport(const SweepSpec& spec, ExportOutput output)
    : spec_(spec),
      output_(std::move(output)),
      metrics_(exported_metrics(spec.evaluation_options())) {
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto texts = column_texts(spec, c);
    const auto [first, others] = columns_of(texts);
    configurations_.push_back(
        {.before_step = ',' + csv_fields(first, true),
         .after_status = fmt::format(",{}{}\n", c, csv_fields(others, false))});
  }
  for (std::uint64_t e = 0; e < spec.evaluations(); ++e) {
    steps_.push_back(fmt::format("{},", spec.evaluation_step(e)));
  }
  output_(columns(spec) + '\n');
}

void CsvExport::write(const Shard& shard) {
  write_rows(shard, output_, [&](std::string& text, auto k, auto e, const Evaluation& evaluation) {
    const auto& configuration = configurations_[shard.configurations[k]];
    append_number(text, shard.first + k);
    text += ',';
    append_number(text, shard.seeds[k]);
    text += configuration.before_step;
    text += steps_[e];
    for (const auto* const metric : metrics_) {
      append_value(text, *metric, evaluation.*metric->value);
      text += ',';
    }
    text += evaluation.diverged ? "diverged" : "ok";
    text += configuration.after_status;
  });
}

NpyExport::NpyExport(const SweepSpec& spec, std::uint64_t machines, ExportOutput output)
    : spec_(spec),
      output_(std::move(output)),
      metrics_(exported_metrics(spec.evaluation_options())) {
  constexpr std::size_t kPrefix = 10;  // magic, version, and the length of the text
  std::string columns;
  for (const auto* const metric : metrics_) {
    columns += fmt::format("('{}', '{}'), ", metric->name, metric->is_count ? "<u4" : "<f8");
  }
  auto text = fmt::format(
      "{{'descr': [('machine', '<u8'), ('seed', '<u8'), ('configuration', '<u4'), ('step', '<u8'), "
      "{}('diverged', '|b1')], 'fortran_order': False, 'shape': ({},), }}",
      columns, machines * spec.evaluations());
  while ((kPrefix + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string length;
  append_bytes(length, static_cast<std::uint16_t>(text.size()));
  output_({"\x93NUMPY\x01\x00", 8});
  output_(length + text);
}

void NpyExport::write(const Shard& shard) {
  write_rows(shard, output_, [&](std::string& records, auto k, auto e, const Evaluation& own) {
    append_bytes(records, shard.first + k);
    append_bytes(records, shard.seeds[k]);
    append_bytes(records, shard.configurations[k]);
    append_bytes(records, spec_.evaluation_step(e));
    for (const auto* const metric : metrics_) {
      const double value = own.*metric->value;
      metric->is_count ? append_bytes(records, count_in_file(value)) : append_bytes(records, value);
    }
    append_bytes(records, static_cast<std::uint8_t>(own.diverged));
  });
}

}  // namespace helmholtz
