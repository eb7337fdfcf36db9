#include <algorithm>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/experiments.hpp"
#include "app/help.hpp"
#include "app/interrupt.hpp"
#include "app/options.hpp"
#include "app/output.hpp"
#include "app/reproduction.hpp"
#include "app/sweep_run.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "run/run_folder.hpp"
#include "sweep/fields.hpp"
#include "sweep/validate.hpp"

namespace helmholtz::app {

namespace {

struct Flags {
  explicit Flags(CLI::App& command) {
    command.add_option("EXPERIMENT", name, "notebook, kirby, bars, shifter")->required();
    command.add_option("--out", out, "directory for the sweeps; made with its parents")
        ->type_name("DIR")
        ->group("Output");
    command.add_option("--seeds", seeds, "other seeds for every sweep, e.g. 0:10 to try it")
        ->type_name("A:B")
        ->group("Run");
    command.add_option("--backend", backend, "see helmholtz backends")
        ->type_name("NAME")
        ->group("Run")
        ->default_str(backend);
    command.add_option("--threads", threads, "CPU threads; 0: as many as this process may use")
        ->type_name("N")
        ->group("Run")
        ->default_str(threads);
    add_output_flags(command, output);
  }

  std::string name;
  std::string out;
  std::optional<std::string> seeds;
  std::string threads = "0";
  std::string backend = "auto";
  OutputOptions output;
};

const Experiment& find(const std::string& name) {
  std::vector<std::string_view> names;
  std::string allowed;
  for (const auto& experiment : experiments()) {
    if (experiment.name == name) return experiment;
    names.push_back(experiment.name);
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", experiment.name);
  }
  if (const auto near = text::closest(name, names)) {
    allowed += fmt::format("; did you mean {}?", *near);
  }
  throw InvalidArgument("experiment", name, allowed);
}

/// The flags of a part's sweep, with what this run changes.
std::vector<std::string> words_of(const ExperimentPart& part, const Flags& flags) {
  std::vector<std::string> words;
  for (const auto word : text::split(part.flags, ' ')) words.emplace_back(word);
  if (flags.seeds) *std::next(std::find(words.begin(), words.end(), "--seeds")) = *flags.seeds;
  words.insert(words.end(), {"--threads", flags.threads, "--backend", flags.backend});
  return words;
}

SweepSpec spec_of(const std::vector<std::string>& words) {
  GivenTexts given;
  for (auto word = words.begin(); word != words.end();) {
    auto& values = given[word->substr(2)];
    const bool is_flag = ++word == words.end() || word->starts_with("--");
    values.push_back(is_flag ? "true" : *word++);
  }
  return parse_spec(given);
}

ExitCode reproduce(const Flags& flags) {
  const auto& experiment = find(flags.name);
  if (flags.out.empty()) throw InvalidArgument("out", "", "a directory for the results");
  std::vector<SweepSpec> specs;
  for (const auto& part : experiment.parts) {
    const auto& spec = specs.emplace_back(spec_of(words_of(part, flags)));
    validate(spec, existing_shard_machines(std::filesystem::path(flags.out) / part.name, spec));
  }
  catch_interrupts();
  Reproduction reproduction(experiment);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto& part = experiment.parts[i];
    if (!flags.output.quiet) {
      note(fmt::format("helmholtz: {} of {}: {}", i + 1, specs.size(),
                       fmt::join(words_of(part, flags), " ")));
    }
    SweepRun run(specs[i], flags.output, std::filesystem::path(flags.out) / part.name, {},
                 reproduction.threshold());
    const auto statistics = run.complete();
    if (!statistics) {
      if (!flags.output.quiet) note("helmholtz: stopped; the same command resumes it");
      return ExitCode::stopped;
    }
    std::optional<Directions> directions;
    if (experiment.asks_direction && !run.directory().read(directions.emplace(specs[i]))) {
      throw BadData(run.directory().path().string(), "a shard was damaged meanwhile; run it again");
    }
    reproduction.add(part, *statistics, directions);
  }
  flags.output.json ? reproduction.print_json() : reproduction.print_table();
  if (!flags.output.json) {
    print(fmt::format("\nresults: {}; pictures: helmholtz report {}\n", shown(flags.out),
                      shown(std::filesystem::path(flags.out) / experiment.parts[0].name)));
  }
  return ExitCode::ok;
}

std::string footer() {
  constexpr std::size_t kIndent = 12;
  std::string text =
      "Runs the sweeps that compare with a published result, each in its own directory. The same "
      "command resumes them where they were stopped.\n\n";
  for (const auto& experiment : experiments()) {
    text += wrapped(fmt::format("  {:<10}{}", experiment.name, experiment.source),
                    HelpFormatter::kWidth, kIndent);
    text += wrapped(fmt::format("\n{:{}}published: {}\n", "", kIndent, experiment.published),
                    HelpFormatter::kWidth, kIndent);
  }
  return text + "\nExample:\n  helmholtz reproduce bars --out runs/bars\n";
}

}  // namespace

Command add_reproduce(CLI::App& program) {
  return make_command(
      program,
      {.name = "reproduce", .summary = "obtain published results again", .footer = footer()},
      reproduce);
}

}  // namespace helmholtz::app
