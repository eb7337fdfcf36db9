#include "sweep/run_directory.hpp"

#include <cmath>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "helmholtz/error.hpp"
#include "model/text.hpp"

namespace helmholtz {

namespace {

namespace fs = std::filesystem;

fs::path created(fs::path path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw CannotCreate(path.string(), "exists and is not a directory");
  }
  fs::create_directories(path, error);
  if (error) throw CannotCreate(path.string(), error.message());
  const bool empty = fs::is_empty(path, error);
  if (error) throw CannotCreate(path.string(), error.message());
  if (!empty) throw CannotCreate(path.string(), "exists and is not empty; give a new directory");
  return path;
}

void write_whole(const fs::path& path, std::string_view text) {
  OutputFile file(path);
  file.append(text);
  file.sync();
}

/// Empty for NaN.
std::string number(double value) { return std::isnan(value) ? "" : text::shortest(value); }

/// A field with commas, such as layers, is quoted (RFC 4180).
std::string quoted(const std::string& field) { return '"' + field + '"'; }

std::string summary_text(const report::Summary& summary) {
  const auto& spec = summary.spec();
  std::string text =
      "configuration,layers,lr,batch,schedule,init,step,kl,n,diverged,mean,sd,"
      "min,q05,q25,median,q75,q95,max\n";
  for (std::uint64_t c = 0; c < spec.configurations(); ++c) {
    const auto configuration = spec.configuration(c);
    const auto prefix = fmt::format(
        "{},{},{},{},{},{}", c, quoted(spec.topologies[configuration.topology].to_string()),
        text::shortest(configuration.rate), configuration.batch, configuration.schedule.to_string(),
        configuration.initialisation.to_string());
    for (std::uint64_t e = 0; e < spec.evaluations(); ++e) {
      const auto cell = summary.cell(c, e);
      text += fmt::format("{},{},{},{},{},{},{}", prefix, spec.evaluation_step(e),
                          summary.is_exact(c) ? "exact" : "sampled", cell.kl.n, cell.diverged,
                          number(cell.kl.mean), number(cell.kl.sd));
      for (const double q : cell.kl.quantiles) text += ',' + number(q);
      text += '\n';
    }
  }
  return text;
}

}  // namespace

std::string result_line(const SweepSpec& spec, const ResultRow& row) {
  const auto configuration = spec.configuration(row.configuration);
  const auto& evaluation = row.evaluation;
  const bool sampled = spec.samples > 0 && !evaluation.diverged;
  return fmt::format("{},{},{},{},{},{},{},{},{},{}\n", row.machine, row.seed,
                     quoted(spec.topologies[configuration.topology].to_string()),
                     text::shortest(configuration.rate), configuration.batch, row.step,
                     number(evaluation.kl_exact), number(evaluation.kl_sampled),
                     sampled ? std::to_string(evaluation.unseen) : "",
                     evaluation.diverged ? "diverged" : "ok");
}

double estimated_bytes(const SweepSpec& spec) {
  const auto machine = spec.machines() - 1;
  const double typical_kl = 0.32123456789012345;
  const ResultRow row{.machine = machine,
                      .seed = spec.seeds[machine / spec.configurations()],
                      .configuration = machine % spec.configurations(),
                      .evaluation_number = 0,
                      .step = spec.steps,
                      .evaluation = {.kl_exact = typical_kl,
                                     .kl_sampled = spec.samples > 0 ? typical_kl : std::nan("")}};
  const auto line = static_cast<double>(result_line(spec, row).size());
  return line * static_cast<double>(spec.machines()) * static_cast<double>(spec.evaluations());
}

RunDirectory::RunDirectory(fs::path path, const SweepSpec& spec)
    : spec_(spec), path_(created(std::move(path))), results_(path_ / "results.csv") {
  write_whole(path_ / "config.toml", config_text(spec));
  results_.append(fmt::format("{}\n", kResultColumns));
}

void RunDirectory::write(std::span<const ResultRow> rows) {
  std::string text;
  for (const auto& row : rows) text += result_line(spec_, row);
  results_.append(text);
}

void RunDirectory::finish(const report::Summary& summary) {
  results_.sync();
  write_whole(path_ / "summary.csv", summary_text(summary));
}

}  // namespace helmholtz
