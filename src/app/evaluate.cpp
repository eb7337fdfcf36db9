#include <algorithm>
#include <cmath>

#include "app/commands.hpp"
#include "app/interrupt.hpp"
#include "base/atomic_file.hpp"
#include "helmholtz/dataset.hpp"
#include "helmholtz/log_likelihood.hpp"
#include "helmholtz/machine_file.hpp"
#include "report/numbers.hpp"

namespace helmholtz::app {

namespace {

struct EvaluateFlags {
  explicit EvaluateFlags(CLI::App& command) {
    command.add_option("MODEL", model, "a machine that helmholtz train --save wrote")
        ->required()
        ->type_name("");
    add_text(
        command, "--data", data,
        {"rows to evaluate on: text, IDX, NPY or HDF5; without it, what the machine was trained "
         "on",
         "FILE", kData});
    add_text(command, "--split", split,
             {"rows of an HDF5 file: train, valid or test; the last that there is", "NAME", kData});
    add_text(command, "--binarize", binarize,
             {"how grey values become 0 and 1: none (they are refused), a threshold, or sample "
              "(one draw per row, seed 0); without it, as the machine was trained",
              "HOW", kData});
    add_text(command, "--rows", rows, {"the first N rows alone", "N", kData});
    add_text(command, "--log-likelihood", particles, {"particles per row", "K"});
    add_text(command, "--values", values,
             {"write every row's values there, as comma-separated text", "FILE"});
    add_text(command, "--threads", threads, {"CPU threads; 0: as many as allowed", "N"});
    add_output_flags(command, output);
  }

  static constexpr const char* kData = "Data";
  std::string model;
  std::optional<std::string> data;
  std::optional<std::string> split;
  std::optional<std::string> binarize;
  std::optional<std::string> rows;
  std::string particles = "100";
  std::optional<std::string> values;
  std::string threads = "0";
  OutputOptions output;
};

/// What a machine is evaluated on.
struct EvaluatedRows {
  std::string name;
  std::optional<Rows> data;  ///< owns the rows, unless they are a world's patterns
  PackedRows rows;
  std::span<const double> probabilities;  ///< of a world's patterns; empty for data
};

EvaluatedRows world_rows(const World& world) {
  return {.name = world.name(),
          .data = {},
          .rows = {world.words(), world.words_per_pattern()},
          .probabilities = world.probabilities()};
}

/// The rows to read: of --data, or what the machine was trained on.
DataSource source_of(const EvaluateFlags& flags, const SavedMachine& machine) {
  auto source = machine.data;
  if (flags.data) source.files = {.data = *flags.data};
  if (flags.binarize) source.binarize = Binarize::parse(*flags.binarize);
  return source;
}

/// Rows that the machine remembers, and that are read as it read them, are the same still.
void require_unchanged(const EvaluateFlags& flags, const SavedMachine& machine,
                       const std::string& split, const Rows& rows) {
  if (flags.data || flags.binarize) return;
  const auto& digests = machine.ensemble.world.data().split_digests;
  const auto known = digests.find(split);
  if (known == digests.end() || known->second == rows.digest()) return;
  throw BadData(machine.data.files.file_of(split).string(),
                fmt::format("holds other rows of split {} than when the machine was trained; "
                            "--data evaluates on them",
                            split));
}

EvaluatedRows data_rows(const EvaluateFlags& flags, const SavedMachine& machine) {
  const auto [files, binarize] = source_of(flags, machine);
  const auto split = flags.split.value_or(splits_of(files).back());
  auto read = load_split(files, split, binarize);
  require_unchanged(flags, machine, split, read);
  auto data = binarised(std::move(read));
  const auto file = files.file_of(split).string();
  const auto units = machine.ensemble.topology.visible_units();
  if (data.units() != units) {
    throw BadData(file, fmt::format("has rows of {} units; allowed: {}, as the machine has",
                                    data.units(), units));
  }
  const auto count = flags.rows ? parse_integer("rows", *flags.rows, 1, data.size()) : data.size();
  const auto stride = data.words_per_row();
  const PackedRows rows{data.words().first(count * stride), stride};
  return {.name = fmt::format("{} of {}", split, file),
          .data = std::move(data),
          .rows = rows,
          .probabilities = {}};
}

EvaluatedRows rows_for(const EvaluateFlags& flags, const SavedMachine& machine) {
  if (flags.data || machine.ensemble.world.is_data()) return data_rows(flags, machine);
  for (const auto& [field, value] :
       {std::pair{"split", flags.split}, {"binarize", flags.binarize}, {"rows", flags.rows}}) {
    if (value) throw InvalidArgument(field, *value, "only with --data");
  }
  return world_rows(machine.ensemble.world);
}

/// That --values names a file that can be written, and none that is read.
void require_output(const EvaluateFlags& flags, const SavedMachine& machine) {
  auto inputs = paths_of(machine.data.files);
  inputs.insert(inputs.end(), {flags.model, flags.data.value_or(flags.model)});
  require_no_input("values", *flags.values, inputs);
  io::require_creatable(*flags.values);
}

void write_values(const std::filesystem::path& path, std::span<const RowLikelihood> rows) {
  std::string text = "row,log_likelihood,elbo,effective\n";
  for (std::size_t n = 0; n < rows.size(); ++n) {
    text +=
        fmt::format("{},{},{},{}\n", n, rows[n].log_likelihood, rows[n].elbo, rows[n].effective);
  }
  io::write_file(path, text);
}

void print_result(const EvaluateFlags& flags, const EvaluatedRows& rows, std::uint64_t particles,
                  const LogLikelihood& result) {
  if (flags.output.json) {
    print_json({{"rows", rows.rows.size()},
                {"particles", particles},
                {"log_likelihood", result.mean},
                {"standard_error", result.standard_error},
                {"elbo", result.elbo},
                {"effective", result.effective}});
    return;
  }
  print_line("{}: {}, {} per row", rows.name, report::counted(rows.rows.size(), "row"),
             report::counted(particles, "particle"));
  const auto error = std::isnan(result.standard_error)
                         ? std::string("-")
                         : fmt::format("{:.3f}", result.standard_error);
  print_line("log-likelihood {:.3f} nats per row, standard error {}", result.mean, error);
  print_line("ELBO {:.3f} nats per row; effective sample size {:.1f} % of the particles",
             result.elbo, 100 * result.effective);
}

ExitCode evaluate(const EvaluateFlags& flags) {
  const auto particles =
      parse_integer("log-likelihood", flags.particles, 1, LogLikelihoodOptions::kMaxParticles);
  const auto threads = parse_integer("threads", flags.threads, 0, TrainerOptions::kMaxThreads);
  require_file_name("data", flags.data);
  require_file_name("values", flags.values);
  const auto machine = load_machine(flags.model);
  if (has_diverged(machine.parameters)) throw BadData(flags.model, "holds a diverged machine");
  const auto rows = rows_for(flags, machine);
  if (flags.values) require_output(flags, machine);
  catch_interrupts();

  const auto total = static_cast<double>(rows.rows.size());
  report::Progress progress(total, "rows", flags.output);
  const auto values =
      row_likelihoods(machine.ensemble.topology, machine.parameters, rows.rows,
                      machine.ensemble.machines.front().seed,
                      {.particles = particles,
                       .threads = static_cast<int>(threads),
                       .stop_requested = interrupted,
                       .advanced = [&](double share) { progress.update(share * total); }});
  progress.clear();
  if (values.empty()) {
    if (!flags.output.quiet) note("helmholtz: stopped before the last row; nothing was written");
    return ExitCode::stopped;
  }
  if (flags.values) write_values(*flags.values, values);
  print_result(flags, rows, particles,
               rows.probabilities.empty() ? mean_likelihood(values)
                                          : mean_likelihood(values, rows.probabilities, particles));
  return ExitCode::ok;
}

}  // namespace

Command add_evaluate(CLI::App& program) {
  return make_command(
      program,
      {.name = "evaluate",
       .summary = "estimate a trained machine's log-likelihood of data",
       .footer = "The estimate is ln 1/K sum_k p(x, h_k) / q(h_k | x), with h_k drawn from the "
                 "recognition network: a lower bound in expectation, which rises with K. A row's "
                 "particles use the same random numbers at every step of training.\n\n"
                 "Examples:\n"
                 "  helmholtz evaluate machine.h5 --data mnist.h5 --log-likelihood 1000\n"
                 "  helmholtz evaluate machine.h5 --data t10k-images-idx3-ubyte.gz --binarize 0.5\n"
                 "  helmholtz evaluate machine.h5 --values rows.csv\n"},
      evaluate);
}

}  // namespace helmholtz::app
