#include "app/flags.hpp"

#include <cmath>
#include <system_error>

#include <fmt/ranges.h>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "run/config.hpp"
#include "sweep/fields.hpp"

namespace helmholtz::app {

CLI::Option* add_text(CLI::App& command, const std::string& flag, std::string& text,
                      const FlagText& shown) {
  return command.add_option(flag, text, shown.help)
      ->type_name(shown.type)
      ->group(shown.group)
      ->default_str(text);
}

CLI::Option* add_text(CLI::App& command, const std::string& flag, std::optional<std::string>& text,
                      const FlagText& shown) {
  return command.add_option(flag, text, shown.help)->type_name(shown.type)->group(shown.group);
}

CLI::Option* add_switch(CLI::App& command, const std::string& flag, bool& value,
                        const FlagText& shown) {
  return command.add_flag(flag, value, shown.help)->disable_flag_override()->group(shown.group);
}

void add_output_flags(CLI::App& command, OutputOptions& options) {
  const auto add = [&](const char* flag, bool& value, const char* help) {
    add_switch(command, flag, value, {.help = help, .group = "Output"});
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

std::vector<std::string> other_commands(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* other : command.get_parent()->get_subcommands(nullptr)) {
    if (other != &command) names.push_back(other->get_name());
  }
  return names;
}

/// The flag that an item names.
CLI::Option& option_of(CLI::App& command, const TomlItem& item) {
  auto* option = command.get_option_no_throw("--" + item.name);
  if (option == nullptr) refuse_unknown_name(item, flag_names(command));
  if (option->get_configurable()) return *option;
  throw InvalidArgument("config", item.name,
                        fmt::format("--{} on the command line alone", item.name));
}

TomlShape shape_of(const CLI::Option& option) {
  const auto most = option.get_expected_max();
  return most == 0 ? TomlShape::flag : most == 1 ? TomlShape::one : TomlShape::list;
}

}  // namespace

// Texts are read by parse(), so that every mistake is reported the same way and nothing wraps.
SpecFlags::SpecFlags(CLI::App& command, Arity arity) : command_(command), arity_(arity) {
  const bool sweeps = arity == Arity::list;
  for (const auto& field : fields()) {
    if (sweeps || !field.of_sweeps_alone) add_field(command, field, sweeps);
  }
  command.add_option("--config", "flags from a TOML file, e.g. lr = 0.01")
      ->type_name("FILE")
      ->group("Run")
      ->configurable(false);
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

void apply_config(CLI::App& command) {
  const auto* config = command.get_option_no_throw("--config");
  if (config == nullptr || config->count() == 0) return;
  const auto path = config->results().front();
  require_file_name("config", path);
  for (auto& item : items_of(read_toml_file(path), command.get_name(), other_commands(command))) {
    auto& option = option_of(command, item);
    if (option.count() > 0) continue;  // the command line wins, then the command's section
    find_world(item, path);
    option.add_result(values_of(item, shape_of(option)));
    option.run_callback();
  }
}

RunArgument::RunArgument(CLI::App& command) {
  command.add_option("DIR", directory_, "directory of a sweep")->required()->type_name("");
}

Run RunArgument::open() const {
  if (directory_.empty()) throw InvalidArgument("DIR", "", "the directory of a sweep");
  return open_run(directory_);
}

MovedDataFlags::MovedDataFlags(CLI::App& command) {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    add_text(command, fmt::format("--{}", kDatasetFiles[i].name), paths_[i],
             {"where that file of the sweep is now", "FILE", "Data"});
  }
}

SweepSpec MovedDataFlags::load(SweepSpec spec) const {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (!paths_[i]) continue;
    const auto& [name, member] = kDatasetFiles[i];
    require_file_name(name, paths_[i]);
    auto& path = spec.data.files.*member;
    if (path.empty())
      throw InvalidArgument(name, *paths_[i], "nothing: the sweep has no such file");
    path = *paths_[i];
  }
  if (!spec.world.is_loaded()) spec.load_data();
  return spec;
}

SuccessFlag::SuccessFlag(CLI::App& command) {
  add_text(command, "--success-below", text_,
           {"report the share of machines whose KL is below NATS, or whose negative log-likelihood "
            "where that ranks them; a diverged machine is none of them",
            "NATS", "Output"})
      ->configurable(false);
}

std::optional<double> SuccessFlag::parse() const {
  if (!text_) return std::nullopt;
  const auto value = text::number<double>(*text_);
  if (!value || !std::isfinite(*value) || *value <= 0) {
    throw InvalidArgument("success-below", *text_, "a finite number of nats above 0");
  }
  return value;
}

void require_file_name(std::string_view field, const std::optional<std::string>& name) {
  if (name && name->empty()) throw InvalidArgument(field, *name, "the name of a file");
}

void require_no_input(std::string_view field, const std::filesystem::path& output,
                      std::span<const std::filesystem::path> inputs) {
  std::error_code none_there;
  for (const auto& input : inputs) {
    if (!std::filesystem::equivalent(output, input, none_there)) continue;
    throw InvalidArgument(field, output.string(), "another file than those that are read");
  }
}

std::vector<std::filesystem::path> paths_of(const DatasetFiles& files) {
  std::vector<std::filesystem::path> paths;
  for (const auto& [name, member] : kDatasetFiles) {
    if (!(files.*member).empty()) paths.push_back(files.*member);
  }
  return paths;
}

std::vector<std::string> flag_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

int threads_of(int wanted) { return wanted > 0 ? wanted : limits::default_threads().count; }

}  // namespace helmholtz::app
