#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/ranges.h>

#include "app/commands.hpp"
#include "app/held_out.hpp"
#include "app/interrupt.hpp"
#include "app/reproduction.hpp"
#include "app/sweep_run.hpp"
#include "base/input_file.hpp"
#include "base/text.hpp"
#include "report/sweep_report.hpp"
#include "run/run_folder.hpp"
#include "sweep/fields.hpp"
#include "sweep/validate.hpp"

namespace helmholtz::app {

namespace {

std::vector<std::string> experiment_names() {
  std::vector<std::string> names;
  for (const auto& experiment : experiments()) names.push_back(experiment.name);
  return names;
}

struct ReproduceFlags {
  explicit ReproduceFlags(CLI::App& command) {
    command.add_option("EXPERIMENT", name, fmt::format("{}", fmt::join(experiment_names(), ", ")))
        ->required();
    add_text(command, "--out", out,
             {"directory for the sweeps; made with its parents", "DIR", "Output"});
    add_text(command, "--data", data,
             {"folder of the data sets, for mnist, fashion and uci", "DIR", "Run"});
    add_text(command, "--only", only,
             {"the sweeps whose names begin so, e.g. dna,nips-reweighted", "NAME,...", "Run"});
    add_text(command, "--seeds", seeds,
             {"other seeds for every sweep, e.g. 0:10 to try it", "A:B", "Run"});
    add_text(command, "--steps", steps, {"other training steps for every sweep", "N", "Run"});
    add_text(command, "--backend", backend, {"see helmholtz backends", "NAME", "Run"});
    add_text(command, "--threads", threads,
             {"CPU threads; 0: as many as this process may use", "N", "Run"});
    add_output_flags(command, output);
  }

  std::string name;
  std::string out;
  std::optional<std::string> data;
  std::optional<std::string> only;
  std::optional<std::string> seeds;
  std::optional<std::string> steps;
  std::string threads = "0";
  std::string backend = "auto";
  OutputOptions output;
};

const Experiment& find_experiment(const std::string& name) {
  for (const auto& experiment : experiments()) {
    if (experiment.name == name) return experiment;
  }
  const auto names = experiment_names();
  const auto allowed = fmt::format("{}", fmt::join(names, ", "));
  throw InvalidArgument("experiment", name, text::with_suggestion(allowed, name, names));
}

/// The parts that this run is asked for. @throws InvalidArgument (field "only")
std::vector<ExperimentPart> chosen_parts(const Experiment& experiment,
                                         const ReproduceFlags& flags) {
  auto parts = experiment.parts;
  if (!flags.only) return parts;
  const auto beginnings = text::split(*flags.only, ',');
  for (const auto beginning : beginnings) {
    const auto begins_so = [&](const auto& part) { return part.name.starts_with(beginning); };
    if (!beginning.empty() && std::ranges::any_of(parts, begins_so)) continue;
    std::vector<std::string> names;
    for (const auto& part : parts) names.push_back(part.name);
    throw InvalidArgument("only", std::string(beginning),
                          fmt::format("the beginning of {}", fmt::join(names, ", ")));
  }
  std::erase_if(parts, [&](const auto& part) {
    return std::ranges::none_of(beginnings, [&](auto b) { return part.name.starts_with(b); });
  });
  return parts;
}

/// @throws InvalidArgument (field "data") if it is missing, or given for an experiment without data
void require_data(const Experiment& experiment, const ReproduceFlags& flags) {
  const bool is_folder = flags.data && !flags.data->empty();
  if (experiment.on_data ? is_folder : !flags.data) return;
  throw InvalidArgument("data", flags.data.value_or(""),
                        experiment.on_data ? "the folder of the data sets"
                                           : fmt::format("nothing with {}", experiment.name));
}

/// The flags of a part's sweep, with what this run changes.
std::vector<std::string> words_of(const ExperimentPart& part, const ReproduceFlags& flags) {
  constexpr std::string_view kFolder = "DATA/";
  std::vector<std::string> words;
  for (const auto word : text::split(part.flags, ' ')) {
    words.emplace_back(word);
    if (!word.starts_with(kFolder)) continue;
    words.back() = (std::filesystem::path(*flags.data) / word.substr(kFolder.size())).string();
  }
  const auto change = [&](const char* flag, const std::optional<std::string>& value) {
    if (value) *std::next(std::find(words.begin(), words.end(), flag)) = *value;
  };
  change("--seeds", flags.seeds);
  change("--steps", flags.steps);
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
  auto spec = parse_spec(given);
  for (const auto& path : paths_of(spec.data.files)) {
    if (!io::is_there(path)) throw NoInput(path.string(), "no such file; --data names its folder");
  }
  spec.load_data();
  return spec;
}

/// What its machines are judged by. @throws BadData
void require_test_split(const SweepSpec& spec) {
  if (spec.dataset->test) return;
  throw BadData(spec.data.files.file_of("train").string(), "has no test split");
}

/// What an experiment's sweeps obtained, part by part.
class Outcomes {
 public:
  explicit Outcomes(const Experiment& experiment)
      : experiment_(experiment), reproduction_(experiment) {}

  [[nodiscard]] std::optional<double> threshold() const { return reproduction_.threshold(); }

  /// @param spec  loaded
  /// @return false after a signal
  bool add(const ExperimentPart& part, const SweepSpec& spec, const report::Statistics& statistics,
           RunDirectory& directory) {
    if (experiment_.on_data) return add_held_out(part, spec, statistics, directory);
    std::optional<Directions> directions;
    if (experiment_.asks_direction) read(directory, directions.emplace(statistics.spec()));
    reproduction_.add(part, statistics, directions);
    return true;
  }

  void show(bool json) {
    if (!experiment_.on_data) return reproduction_.show(json);
    if (!json) {
      print(
          "{}\npublished: {}\n\nobtained, test log-likelihood in nats per row with {} particles:\n",
          experiment_.source, experiment_.published, HeldOut::kParticles);
    }
    show_held_out(held_out_, json);
  }

 private:
  static void read(RunDirectory& directory, ShardSink& sink) {
    if (directory.read(sink)) return;
    throw BadData(directory.path().string(), "a shard was damaged meanwhile; run it again");
  }

  /// The configuration of the best median, which the sweep's own evaluations chose.
  bool add_held_out(const ExperimentPart& part, const SweepSpec& spec,
                    const report::Statistics& statistics, RunDirectory& directory) {
    const auto best = statistics.best_first().front();
    HeldOut held_out(spec, best);
    read(directory, held_out);
    const auto test = held_out.values();
    if (!test) return false;
    held_out_.push_back({.part = part.name,
                         .configuration = report::configuration_text(spec, best),
                         .published = part.published,
                         .chosen_by = statistics.last(best).values,
                         .chosen_on = spec.split,
                         .test = *test});
    return true;
  }

  const Experiment& experiment_;
  Reproduction reproduction_;
  std::vector<HeldOutRow> held_out_;
};

ExitCode stopped(const ReproduceFlags& flags) {
  if (!flags.output.quiet) note("helmholtz: stopped; the same command resumes it");
  return ExitCode::stopped;
}

ExitCode reproduce(const ReproduceFlags& flags) {
  const auto& experiment = find_experiment(flags.name);
  if (flags.out.empty()) throw InvalidArgument("out", "", "a directory for the results");
  require_data(experiment, flags);
  const auto parts = chosen_parts(experiment, flags);
  std::vector<SweepSpec> specs;
  for (const auto& part : parts) {
    const auto& spec = specs.emplace_back(spec_of(words_of(part, flags)));
    if (experiment.on_data) require_test_split(spec);
    validate(spec, existing_shard_machines(std::filesystem::path(flags.out) / part.name, spec));
  }
  catch_interrupts();
  Outcomes outcomes(experiment);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto& part = parts[i];
    if (!flags.output.quiet) {
      note("helmholtz: {} of {}: {}", i + 1, specs.size(), fmt::join(words_of(part, flags), " "));
    }
    SweepRun run(specs[i], flags.output, std::filesystem::path(flags.out) / part.name, {},
                 outcomes.threshold());
    const auto statistics = run.complete();
    if (!statistics || !outcomes.add(part, specs[i], *statistics, run.directory()))
      return stopped(flags);
  }
  outcomes.show(flags.output.json);
  if (!flags.output.json) {
    print("\nresults: {}; pictures: helmholtz report {}\n", shown(flags.out),
          shown(std::filesystem::path(flags.out) / parts.front().name));
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
  return text +
         "\nExamples:\n"
         "  helmholtz reproduce bars --out runs/bars\n"
         "  helmholtz reproduce uci --data sets --only dna,nips --out runs/uci\n";
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
