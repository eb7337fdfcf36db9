#include "app/options.hpp"

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "app/config_file.hpp"
#include "helmholtz/error.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::app {

void add_output_flags(CLI::App& command, OutputOptions& options) {
  const auto add = [&](const char* flag, bool& value, const char* help) {
    command.add_flag(flag, value, help)->disable_flag_override()->group("Output");
  };
  add("--json", options.json, "JSON lines on stdout, nothing else there");
  add("--quiet", options.quiet, "nothing on stderr but errors");
  add("--no-color", options.no_color, "no colours (as with NO_COLOR set)");
}

namespace {

std::string flag_of(const Field& field) { return fmt::format("--{}", field.name); }

std::string default_of(const Field& field) {
  if (!field.default_text.empty()) return std::string(field.default_text);
  return fmt::format("{}", fmt::join(field.texts(SweepSpec()), " "));
}

void add_field(CLI::App& command, const Field& field, bool sweeps) {
  const std::string group(field.group);
  if (field.access.kind == FieldAccess::Kind::flag) {
    command.add_flag(flag_of(field), field.help)->disable_flag_override()->group(group);
    return;
  }
  const char* repeat = field.access.commas ? "; a list A,B,... sweeps" : "; repeat to sweep";
  const auto help = field.help + (field.is_list() && sweeps ? repeat : "");
  auto* option = command.add_option(flag_of(field), help);
  option->type_name(std::string(field.type))->group(group);
  if (const auto text = default_of(field); !text.empty()) option->default_str(text);
  if (field.is_list() && sweeps) {
    option->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(false);
  }
}

void require_one(const Field& field, const SweepSpec& spec) {
  const auto texts = field.texts(spec);
  if (texts.size() == 1) return;
  throw InvalidArgument(field.name, fmt::format("{}", fmt::join(texts, ",")),
                        "one value; helmholtz sweep takes several");
}

}  // namespace

// Texts are read by parse(), so that every mistake is reported the same way and nothing wraps.
SpecFlags::SpecFlags(CLI::App& command, Arity arity) : command_(command), arity_(arity) {
  const bool sweeps = arity == Arity::list;
  for (const auto& field : fields()) {
    if (sweeps || !field.of_sweeps_alone) add_field(command, field, sweeps);
  }
  add_config_flag(command);
  add_output_flags(command, output_);
}

bool SpecFlags::given(std::string_view flag) const {
  return command_.get_option(fmt::format("--{}", flag))->count() > 0;
}

SweepSpec SpecFlags::parse() const {
  GivenTexts texts;
  for (const auto& field : fields()) {
    const auto* option = command_.get_option_no_throw(flag_of(field));
    if (option != nullptr && option->count() > 0)
      texts[std::string(field.name)] = option->results();
  }
  auto spec = parse_spec(texts);
  if (arity_ == Arity::one) {
    for (const auto* const field : swept_fields()) require_one(*field, spec);
  }
  return spec;
}

}  // namespace helmholtz::app
