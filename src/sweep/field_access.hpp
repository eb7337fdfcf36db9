#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "model/parse.hpp"
#include "sweep/fields.hpp"

/// The kinds of access that the rows of fields() have.
namespace helmholtz::access {

inline std::string to_text(double value) { return text::shortest(value); }
inline std::string to_text(int value) { return std::to_string(value); }
std::string to_text(const auto& value) { return value.to_string(); }

/// One value. @param read  (field, text, spec) @param write  (spec); empty: left out
template <class Read, class Write>
FieldAccess one(FieldAccess::Kind kind, Read read, Write write) {
  return {.kind = kind,
          .read = [read](std::string_view field, const Texts& texts,
                         SweepSpec& spec) { read(field, texts.back(), spec); },
          .size = [write](const SweepSpec& spec) -> std::size_t {
            return std::string_view(write(spec)).empty() ? 0 : 1;
          },
          .text = [write](const SweepSpec& spec, std::size_t) { return std::string(write(spec)); }};
}

/// A list. @param read  (field, text) @param choose  (configuration, value)
template <class Value, class Read, class Choose>
FieldAccess list(std::vector<Value> SweepSpec::*values, Read read, Choose choose) {
  return {.kind = FieldAccess::Kind::list,
          .read =
              [=](std::string_view field, const Texts& texts, SweepSpec& spec) {
                (spec.*values).clear();
                for (const auto& text : texts) (spec.*values).push_back(read(field, text));
              },
          .size = [=](const SweepSpec& spec) { return (spec.*values).size(); },
          .text = [=](const SweepSpec& spec, std::size_t i) { return to_text((spec.*values)[i]); },
          .choose = [=](const SweepSpec& spec, std::size_t i,
                        SweepConfiguration& own) { choose(own, (spec.*values)[i]); }};
}

/// A list of numbers, also joined by commas.
template <class Value, class Read, class Choose>
FieldAccess numbers(std::vector<Value> SweepSpec::*values, Read read, Choose choose) {
  auto access = list(values, read, choose);
  access.commas = true;
  access.whole = std::integral<Value>;
  access.read = [each = access.read](std::string_view field, const Texts& texts, SweepSpec& spec) {
    Texts parts;
    for (const auto& text : texts) {
      if constexpr (std::floating_point<Value>) require_no_decimal_comma(field, text, false);
      for (const auto part : text::split(text, ',')) parts.emplace_back(part);
    }
    each(field, parts, spec);
  };
  return access;
}

template <std::integral Number>
FieldAccess whole(Number SweepSpec::*member, std::uint64_t least, std::uint64_t most) {
  return one(
      FieldAccess::Kind::number,
      [=](std::string_view field, std::string_view text, SweepSpec& spec) {
        spec.*member = static_cast<Number>(parse_integer(field, text, least, most));
      },
      [=](const SweepSpec& spec) { return std::to_string(spec.*member); });
}

inline FieldAccess rate(std::optional<double> LearningRateOptions::*member) {
  return one(
      FieldAccess::Kind::number,
      [=](std::string_view field, std::string_view text, SweepSpec& spec) {
        spec.rate_overrides.*member = parse_rate(field, text);
      },
      [=](const SweepSpec& spec) {
        const auto& value = spec.rate_overrides.*member;
        return value ? text::shortest(*value) : std::string();
      });
}

/// @param value  of the member when the flag is given
template <class Value>
FieldAccess flag(Value SweepSpec::*member, Value value, Value otherwise) {
  return one(
      FieldAccess::Kind::flag,
      [=](std::string_view, std::string_view text, SweepSpec& spec) {
        spec.*member = text == "true" ? value : otherwise;
      },
      [=](const SweepSpec& spec) { return spec.*member == value ? "true" : "false"; });
}

}  // namespace helmholtz::access
