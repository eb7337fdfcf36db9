#include "run/export.hpp"
#include "app/commands.hpp"
#include "base/atomic_file.hpp"
#include "report/numbers.hpp"

namespace helmholtz::app {

namespace {

struct ExportFlags : RunArgument {
  explicit ExportFlags(CLI::App& command) : RunArgument(command) {
    add_text(command, "--out", out, {"a file that appears whole (default: stdout)", "FILE"});
    add_text(command, "--format", format, {"csv or npy", "FORMAT"});
    add_switch(command, "--quiet", quiet, {.help = "nothing on stderr but errors"});
  }

  std::optional<std::string> out;
  std::string format = "csv";
  bool quiet = false;
};

std::vector<std::uint64_t> finished_shards(const Run& run) {
  std::vector<std::uint64_t> shards;
  for (std::uint64_t i = 0; i < run.files().shards(); ++i) {
    const auto state = run.files().state(i);
    if (state == ShardFiles::State::done) shards.push_back(i);
    // A bad one is no gap to be passed over in silence: reading it says what is wrong.
    if (state == ShardFiles::State::bad) static_cast<void>(run.files().read(i));
  }
  return shards;
}

std::unique_ptr<ShardSink> make_export(const std::string& format, const SweepSpec& spec,
                                       std::uint64_t machines, const ExportOutput& output) {
  if (format == "csv") return std::make_unique<CsvExport>(spec, output);
  if (format == "npy") return std::make_unique<NpyExport>(spec, machines, output);
  throw InvalidArgument("format", format, "csv, npy");
}

ExitCode run_export(const ExportFlags& flags) {
  require_file_name("out", flags.out);
  const auto run = flags.open();
  if (flags.out) require_no_input("out", *flags.out, paths_of(run.spec().data.files));
  const auto shards = finished_shards(run);
  std::uint64_t machines = 0;
  for (const auto i : shards) machines += run.files().machines(i);
  std::optional<io::AtomicFile> file;
  const auto output = [&](std::string_view bytes) {
    file ? file->write(bytes) : print_bytes(bytes);
  };
  if (flags.out) file.emplace(*flags.out);
  const auto sink = make_export(flags.format, run.spec(), machines, output);
  for (const auto i : shards) sink->write(run.files().read(i));
  if (file) file->commit();
  if (machines < run.spec().machines() && !flags.quiet) {
    note("helmholtz: {} of {} are exported; the others are not trained", report::grouped(machines),
         report::counted(run.spec().machines(), "machine"));
  }
  return ExitCode::ok;
}

}  // namespace

Command add_export(CLI::App& program) {
  return make_command(
      program,
      {.name = "export",
       .summary = "print a sweep's results as one table",
       .footer = "CSV: a line per machine and evaluation; what was not computed is empty; the "
                 "first line names the columns.\n"
                 "NPY: the same as one array of records, with the configuration's number alone.\n\n"
                 "Examples:\n"
                 "  helmholtz export runs/a > results.csv\n"
                 "  helmholtz export runs/a --format npy --out results.npy\n"},
      run_export);
}

}  // namespace helmholtz::app
