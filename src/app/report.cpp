#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/kept_machines.hpp"
#include "app/report.hpp"
#include "base/atomic_file.hpp"
#include "base/text.hpp"
#include "report/sweep_report.hpp"
#include "sweep/replay.hpp"

namespace helmholtz::app {

namespace {

struct ReportFlags : RunArgument {
  explicit ReportFlags(CLI::App& command) : RunArgument(command), data(command), success(command) {
    add_text(command, "--compare", compare,
             {"compare two configurations, as summary.csv counts them, on the same seeds", "A,B",
              "Output"});
    add_text(command, "--out", out, {"the page (default: DIR/report.html)", "FILE", "Output"});
    add_output_flags(command, output);
  }

  MovedDataFlags data;
  SuccessFlag success;
  std::optional<std::string> compare;
  std::optional<std::string> out;
  OutputOptions output;
};

std::pair<std::uint64_t, std::uint64_t> parse_compare(const std::string& text,
                                                      std::uint64_t configurations) {
  const auto parts = text::split(text, ',');
  if (parts.size() != 2) {
    throw InvalidArgument("compare", text,
                          "two configurations, e.g. 0,3, as summary.csv counts them");
  }
  return {parse_integer("compare", parts[0], 0, configurations - 1),
          parse_integer("compare", parts[1], 0, configurations - 1)};
}

/// The results of a whole sweep. @throws NoInput if a shard is missing; BadData
report::Summary read_results(const Run& run) {
  report::Summary summary(run.spec());
  for (std::uint64_t i = 0; i < run.files().shards(); ++i) {
    if (!run.files().is_to_be_read(i)) {
      throw NoInput(run.path().string(), fmt::format("is not complete: shard {} of {} is missing",
                                                     i, run.files().shards()));
    }
    summary.write(run.files().read(i));
  }
  return summary;
}

Json comparison_json(const report::Statistics& statistics, std::uint64_t a, std::uint64_t b) {
  const auto result = statistics.compare(a, b);
  return {{"a", a},
          {"b", b},
          {"pairs", result.pairs},
          {"a_better", result.a_better},
          {"b_better", result.b_better},
          {"ties", result.ties()},
          {"pairs_finite", result.difference.n},
          {"pairs_diverged", result.diverged},
          {"pairs_infinite", result.infinite},
          {"kl_a", statistics.kind(a)},
          {"kl_b", statistics.kind(b)},
          {"mean_difference", result.difference.mean},
          {"median_difference", result.difference.quantiles[report::kMedian]},
          {"p_value", result.p_value}};
}

/// None where the rows that machines were trained on are not there.
std::vector<report::TrainedMachine> load_portraits(const ReportFlags& flags, const Run& run,
                                                   const report::Statistics& statistics) {
  try {
    return portraits(run, flags.data.load(statistics.spec()), statistics, flags.output);
  } catch (const NoInput& error) {
    if (!flags.output.quiet) note("helmholtz: no portraits: {}", error.what());
    return {};
  }
}

ExitCode make_report(const ReportFlags& flags) {
  constexpr std::size_t kTables = 5;
  const auto success_below = flags.success.parse();
  require_file_name("out", flags.out);
  const auto run = flags.open();
  if (flags.out) require_no_input("out", *flags.out, paths_of(run.spec().data.files));
  report::HtmlReportOptions options;
  auto& compare = options.compare;
  if (flags.compare) compare = parse_compare(*flags.compare, run.spec().configurations());
  const auto out = flags.out ? std::filesystem::path(*flags.out) : run.path() / "report.html";
  const report::Statistics statistics(read_results(run), success_below);
  catch_interrupts();
  options.machines = load_portraits(flags, run, statistics);
  if (interrupted()) return ExitCode::stopped;
  write_report(out, statistics, options, flags.output.quiet);
  if (flags.output.json) {
    Json json = {{"done", true},
                 {"machines", run.spec().machines()},
                 {"diverged", statistics.diverged()},
                 {"report", out.string()}};
    if (compare) json["comparison"] = comparison_json(statistics, compare->first, compare->second);
    print_json(json);
    return ExitCode::ok;
  }
  print(report::quantile_tables(statistics, kTables));
  if (compare) {
    print("\n");
    for (const auto& [term, text] :
         report::comparison_items(statistics, compare->first, compare->second)) {
      print_line("{}: {}", term, text);
    }
  }
  print("\nreport: {}\n", shown(out));
  return ExitCode::ok;
}

/// Parameters that a run keeps of these machines, by their number.
std::map<std::uint64_t, std::vector<float>> kept_parameters(
    const Run& run, std::span<const std::uint64_t> machines) {
  std::map<std::uint64_t, std::vector<float>> kept;
  if (run.spec().save_parameters.kind == SaveParameters::Kind::none) return kept;
  std::set<std::uint64_t> shards;
  for (const auto machine : machines) shards.insert(run.files().shard_of(machine));
  for (const auto i : shards) {
    for_each_kept(run.spec(), run.read(i), [&](const KeptMachine& machine) {
      if (std::ranges::find(machines, machine.number) == machines.end()) return;
      kept[machine.number].assign(machine.parameters.begin(), machine.parameters.end());
    });
  }
  return kept;
}

/// Trains machines again, with a progress line. @return whether no stop was requested
bool train_again(const SweepSpec& spec, const std::vector<std::uint64_t>& machines,
                 const OutputOptions& output,
                 std::map<std::uint64_t, std::vector<float>>& parameters) {
  if (machines.empty()) return true;
  report::Progress progress(static_cast<double>(spec.steps) * static_cast<double>(machines.size()),
                            "machine-steps of the portraits", output);
  double done = 0;
  const auto trainer = replay(spec, machines,
                              {.stop_requested = interrupted,
                               .advanced = [&](double steps) { progress.update(done += steps); }});
  progress.clear();
  if (!trainer) return false;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    parameters[machines[i]] = trainer->parameters(i);
  }
  return true;
}

}  // namespace

std::vector<report::TrainedMachine> portraits(const Run& run, const SweepSpec& spec,
                                              const report::Statistics& statistics,
                                              const OutputOptions& output) {
  const auto order = statistics.best_first();
  const auto ranking = order.empty() ? std::nullopt : statistics.ranking(order.front());
  if (!ranking) return {};
  const std::array shown = {ranking->best, ranking->median, ranking->worst};
  const std::array machines = {shown[0].machine, shown[1].machine, shown[2].machine};
  const std::array titles = {"best machine", "median machine", "worst machine"};
  auto parameters = kept_parameters(run, machines);
  std::set<std::uint64_t> missing;
  for (const auto machine : machines) {
    if (!parameters.contains(machine)) missing.insert(machine);
  }
  if (!train_again(spec, {missing.begin(), missing.end()}, output, parameters)) return {};
  std::vector<report::TrainedMachine> trained;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto& own = parameters.at(machines[i]);
    trained.push_back({.title = titles[i],
                       .machine = shown[i],
                       .parameters = own,
                       .activity = report::activity_of(spec, shown[i], own)});
  }
  return trained;
}

void write_report(const std::filesystem::path& path, const report::Statistics& statistics,
                  const report::HtmlReportOptions& options, bool quiet) {
  const report::Gnuplot gnuplot;
  io::write_file(path, report::html_report(statistics, options, gnuplot));
  if (!gnuplot.failure().empty() && !quiet) {
    note("helmholtz: pictures are missing in the report: {}", gnuplot.failure());
  }
}

Command add_report(CLI::App& program) {
  return make_command(
      program,
      {.name = "report",
       .summary = "show a finished sweep on one page, with pictures",
       .footer = "The page, DIR/report.html, needs no network and no script. gnuplot draws its "
                 "pictures. It draws the best, the median and the worst machine; those whose "
                 "parameters the sweep has not saved are trained again.\n\n"
                 "Examples:\n"
                 "  helmholtz report runs/a\n"
                 "  helmholtz report runs/a --success-below 0.35 --compare 0,2 --out a.html\n"},
      make_report);
}

}  // namespace helmholtz::app
