#include "app/portraits.hpp"

#include <array>

#include <fmt/format.h>

#include "app/interrupt.hpp"
#include "app/output.hpp"
#include "base/atomic_file.hpp"
#include "report/progress.hpp"
#include "sweep/replay.hpp"

namespace helmholtz::app {

std::vector<report::TrainedMachine> train_portraits(const report::Statistics& statistics,
                                                    const OutputOptions& output) {
  const auto order = statistics.best_first();
  const auto ranking = order.empty() ? std::nullopt : statistics.ranking(order.front());
  if (!ranking) return {};
  const auto& spec = statistics.spec();
  const std::array shown = {ranking->best, ranking->median, ranking->worst};
  const std::array machines = {shown[0].machine, shown[1].machine, shown[2].machine};
  const std::array titles = {"best machine", "median machine", "worst machine"};
  report::Progress progress(static_cast<double>(spec.steps) * static_cast<double>(shown.size()),
                            "machine-steps of the portraits",
                            {.quiet = output.quiet, .no_color = output.no_color});
  double done = 0;
  const auto parameters =
      replay(spec, machines, {.stop_requested = interrupted, .advanced = [&](double steps) {
                                progress.update(done += steps);
                              }});
  progress.finish();
  const auto each = static_cast<std::ptrdiff_t>(parameters.size() / shown.size());
  std::vector<report::TrainedMachine> trained;
  for (std::size_t i = 0; i < shown.size() && each > 0; ++i) {
    const auto begin = parameters.begin() + static_cast<std::ptrdiff_t>(i) * each;
    trained.push_back(
        {.title = titles[i], .machine = shown[i], .parameters = {begin, begin + each}});
  }
  return trained;
}

void write_report(const std::filesystem::path& path, const report::Statistics& statistics,
                  const report::HtmlReportOptions& options, bool quiet) {
  const report::Gnuplot gnuplot;
  io::write_file(path, report::html_report(statistics, options, gnuplot));
  if (!gnuplot.failure().empty() && !quiet) {
    note(fmt::format("helmholtz: pictures are missing in the report: {}", gnuplot.failure()));
  }
}

}  // namespace helmholtz::app
