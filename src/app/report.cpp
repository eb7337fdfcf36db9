#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/arguments.hpp"
#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "app/portraits.hpp"
#include "base/text.hpp"
#include "helmholtz/error.hpp"
#include "report/summary.hpp"
#include "report/sweep_report.hpp"

namespace helmholtz::app {

namespace {

struct ReportFlags : RunArgument {
  explicit ReportFlags(CLI::App& command) : RunArgument(command), success(command) {
    command
        .add_option("--compare", compare,
                    "compare two configurations, as summary.csv counts them, on the same seeds")
        ->type_name("A,B")
        ->group("Output");
    command.add_option("--out", out, "the page (default: DIR/report.html)")
        ->type_name("FILE")
        ->group("Output");
    add_output_flags(command, output);
  }

  SuccessFlag success;
  std::optional<std::string> compare;
  std::optional<std::string> out;
  OutputOptions output;
};

using Pair = std::pair<std::uint64_t, std::uint64_t>;

Pair parse_compare(const std::string& text, std::uint64_t configurations) {
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
    const auto state = run.files().state(i);
    if (state != ShardFiles::State::done && state != ShardFiles::State::bad) {
      throw NoInput(run.path().string(), fmt::format("is not complete: shard {} of {} is missing",
                                                     i, run.files().shards()));
    }
    summary.write(run.files().read(i));
  }
  return summary;
}

Json comparison_json(const report::Statistics& statistics, const Pair& pair) {
  const auto result = statistics.compare(pair.first, pair.second);
  return {{"a", pair.first},
          {"b", pair.second},
          {"pairs", result.pairs},
          {"a_better", result.a_better},
          {"b_better", result.b_better},
          {"ties", result.ties()},
          {"pairs_finite", result.difference.n},
          {"pairs_diverged", result.diverged},
          {"pairs_infinite", result.infinite},
          {"kl_a", statistics.kind(pair.first)},
          {"kl_b", statistics.kind(pair.second)},
          {"mean_difference", result.difference.mean},
          {"median_difference", result.difference.quantiles[report::kMedian]},
          {"p_value", result.p_value}};
}

ExitCode make_report(const ReportFlags& flags) {
  constexpr std::size_t kTables = 5;
  const auto success_below = flags.success.parse();
  require_file_name("out", flags.out);
  const auto run = flags.open();
  std::optional<Pair> compare;
  if (flags.compare) compare = parse_compare(*flags.compare, run.spec().configurations());
  const auto out = flags.out ? std::filesystem::path(*flags.out) : run.path() / "report.html";
  const report::Statistics statistics(read_results(run), success_below);
  catch_interrupts();
  report::HtmlReportOptions options;
  options.compare = compare;
  options.machines = train_portraits(statistics, flags.output);
  if (interrupted()) return ExitCode::stopped;
  write_report(out, statistics, options, flags.output.quiet);
  if (flags.output.json) {
    Json json = {{"done", true},
                 {"machines", run.spec().machines()},
                 {"diverged", statistics.diverged()},
                 {"report", out.string()}};
    if (compare) json["comparison"] = comparison_json(statistics, *compare);
    print_line(json_text(json));
    return ExitCode::ok;
  }
  print(report::quantile_tables(statistics, kTables));
  if (compare) print('\n' + report::comparison_text(statistics, compare->first, compare->second));
  print(fmt::format("\nreport: {}\n", shown(out)));
  return ExitCode::ok;
}

}  // namespace

Command add_report(CLI::App& program) {
  return make_command(
      program,
      {.name = "report",
       .summary = "show a finished sweep on one page, with pictures",
       .footer = "The page, DIR/report.html, needs no network and no script. gnuplot draws its "
                 "pictures; the best, the median and the worst machine are trained again to be "
                 "drawn.\n\n"
                 "Examples:\n"
                 "  helmholtz report runs/a\n"
                 "  helmholtz report runs/a --success-below 0.35 --compare 0,2 --out a.html\n"},
      make_report);
}

}  // namespace helmholtz::app
