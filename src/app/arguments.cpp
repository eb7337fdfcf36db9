#include "app/arguments.hpp"

#include <cmath>

#include <CLI/CLI.hpp>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"

namespace helmholtz::app {

RunArgument::RunArgument(CLI::App& command) {
  command.add_option("DIR", directory_, "directory of a sweep")->required()->type_name("");
}

Run RunArgument::open() const {
  if (directory_.empty()) throw InvalidArgument("DIR", "", "the directory of a sweep");
  return open_run(directory_);
}

SuccessFlag::SuccessFlag(CLI::App& command) {
  command
      .add_option("--success-below", text_,
                  "report the share of machines whose KL is below NATS; a diverged machine is none "
                  "of them")
      ->type_name("NATS")
      ->group("Output")
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

std::vector<std::string> flag_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

int threads_of(int wanted) { return wanted > 0 ? wanted : limits::default_threads().count; }

}  // namespace helmholtz::app
