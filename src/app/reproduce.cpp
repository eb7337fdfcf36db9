#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/ranges.h>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/reproduction.hpp"
#include "app/sweep_run.hpp"
#include "base/text.hpp"
#include "run/run_folder.hpp"
#include "sweep/fields.hpp"
#include "sweep/validate.hpp"

namespace helmholtz::app {

namespace {

/// Published results and the sweeps that compare with them, in the order of --help.
const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> all = {
      {.name = "notebook",
       .source = "a notebook after Kirby 2006: [1,6,9], rate 0.05, 50,000 steps, one seed",
       .published = "0.219 nats, from 10,000 samples",
       .kl = 0.219,
       .parts = {{"notebook", "--seeds 0:100000"}}},
      {.name = "kirby",
       .source = "Kirby 2006 and its demonstration: [1,4,9], rate 0.01, into the visible "
                 "layer 0.15, 80,000 cycles from zero",
       .published = "\"most of the time it can learn the world nicely\"; no figure",
       .parts = {{"kirby",
                  "--layers 1,4,9 --lr-layer 0.01,0.01,0.15 --steps 80000 --seeds 0:10000"}}},
      {.name = "bars",
       .source = "Hinton, Dayan, Frey & Neal 1995: [1,8,16], 2,000,000 samples of 4x4 bars; "
                 "rates and initialisations are not reported",
       .published = "0.10 bits; an open reproduction got 0.451 bits from one seed",
       .bits = true,
       .kl = 0.10,
       .parts = {{"non-negative",
                  "--world bars4x4 --layers 1,8,16 --nonnegative --lr 0.05,0.1 "
                  "--schedule exponential:0.7:200000 --init zero --init normal:0.1 "
                  "--init normal:0.1+visible-bias:-2 --steps 2000000 --seeds 0:900"},
                 {"free",
                  "--world bars4x4 --layers 1,8,16 --lr 0.05,0.1 "
                  "--schedule exponential:0.7:200000 --init zero --init normal:0.1 "
                  "--init normal:0.1+visible-bias:-2 --steps 2000000 --seeds 0:900"},
                 {"non-negative-sizes",
                  "--world bars4x4 --layers 1,6,16 --layers 1,8,16 --layers 1,12,16 --nonnegative "
                  "--lr 0.1 --schedule constant --schedule exponential:0.7:200000 "
                  "--steps 2000000 --seeds 900:1100"},
                 {"free-sizes",
                  "--world bars4x4 --layers 1,6,16 --layers 1,8,16 --layers 1,12,16 "
                  "--lr 0.1 --schedule constant --schedule exponential:0.7:200000 "
                  "--steps 2000000 --seeds 900:1100"}}},
      {.name = "shifter",
       .source = "Dayan, Hinton, Neal & Zemel 1995: shifted rows of 8 pixels; sources differ "
                 "over sizes and rates",
       .published = "the top units show the direction of the shift; no figure",
       .asks_direction = true,
       .parts = {{"32-16-4",
                  "--world shifter --layers 4,16,32 --lr 0.01,0.05,0.1 --init normal:0.1 "
                  "--steps 5000000 --eval-every 1000000 --seeds 0:64 --save-parameters all"},
                 {"32-24-2",
                  "--world shifter --layers 2,24,32 --lr-layer 0.01,0.01,0.15 --init normal:0.1 "
                  "--steps 5000000 --eval-every 5000000 --samples 100000 --seeds 0:64 "
                  "--save-parameters all"}}},
  };
  return all;
}

struct ReproduceFlags {
  explicit ReproduceFlags(CLI::App& command) {
    command.add_option("EXPERIMENT", name, "notebook, kirby, bars, shifter")->required();
    add_text(command, "--out", out,
             {"directory for the sweeps; made with its parents", "DIR", "Output"});
    add_text(command, "--seeds", seeds,
             {"other seeds for every sweep, e.g. 0:10 to try it", "A:B", "Run"});
    add_text(command, "--backend", backend, {"see helmholtz backends", "NAME", "Run"});
    add_text(command, "--threads", threads,
             {"CPU threads; 0: as many as this process may use", "N", "Run"});
    add_output_flags(command, output);
  }

  std::string name;
  std::string out;
  std::optional<std::string> seeds;
  std::string threads = "0";
  std::string backend = "auto";
  OutputOptions output;
};

const Experiment& find_experiment(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& experiment : experiments()) {
    if (experiment.name == name) return experiment;
    names.push_back(experiment.name);
  }
  const auto allowed = fmt::format("{}", fmt::join(names, ", "));
  throw InvalidArgument("experiment", name, text::with_suggestion(allowed, name, names));
}

/// The flags of a part's sweep, with what this run changes.
std::vector<std::string> words_of(const ExperimentPart& part, const ReproduceFlags& flags) {
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

ExitCode reproduce(const ReproduceFlags& flags) {
  const auto& experiment = find_experiment(flags.name);
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
      note("helmholtz: {} of {}: {}", i + 1, specs.size(), fmt::join(words_of(part, flags), " "));
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
  reproduction.show(flags.output.json);
  if (!flags.output.json) {
    print("\nresults: {}; pictures: helmholtz report {}\n", shown(flags.out),
          shown(std::filesystem::path(flags.out) / experiment.parts[0].name));
  }
  return ExitCode::ok;
}

std::string reproduce_footer() {
  constexpr std::size_t kIndent = 12;
  std::string text =
      "Runs the sweeps that compare with a published result, each in its own directory. The same "
      "command resumes them where they were stopped.\n\n";
  for (const auto& experiment : experiments()) {
    text += wrapped(fmt::format("  {:<10}{}\n{:{}}published: {}\n", experiment.name,
                                experiment.source, "", kIndent, experiment.published),
                    kIndent);
  }
  return text + "\nExample:\n  helmholtz reproduce bars --out runs/bars\n";
}

}  // namespace

Command add_reproduce(CLI::App& program) {
  return make_command(program,
                      {.name = "reproduce",
                       .summary = "obtain published results again",
                       .footer = reproduce_footer()},
                      reproduce);
}

}  // namespace helmholtz::app
