#include <fmt/ranges.h>

#include "app/commands.hpp"
#include "base/limits.hpp"
#include "helmholtz/backends.hpp"
#include "report/numbers.hpp"

namespace helmholtz::app {

namespace {

Json backend_json(const BackendInfo& backend) {
  return {{"name", backend.name},           {"class", backend.exact ? "exact" : "tolerant"},
          {"available", backend.available}, {"detail", backend.detail},
          {"summary", backend.summary},     {"threads", limits::default_threads().count},
          {"features", backend.features}};
}

struct BackendsFlags {
  explicit BackendsFlags(CLI::App& command) { add_output_flags(command, output); }
  OutputOptions output;
};

ExitCode print_backends(const BackendsFlags& flags) {
  if (flags.output.json) {
    for (const auto& backend : list_backends()) print_json(backend_json(backend));
    return ExitCode::ok;
  }
  print_line("{:<14}{:<10}{:<6}{}", "name", "class", "runs", "what");
  for (const auto& backend : list_backends()) {
    print_line("{:<14}{:<10}{:<6}{} ({})", backend.name, backend.exact ? "exact" : "tolerant",
               backend.available ? "yes" : "no", backend.summary, backend.detail);
  }
  print_line("\n{:<14}{}", "name", "beyond wake-sleep");
  for (const auto& backend : list_backends()) {
    print_line("{:<14}{}", backend.name, fmt::join(backend.features, ", "));
  }
  const auto threads = limits::default_threads();
  print_line("\n{} without --threads (set by: {})",
             report::counted(static_cast<std::uint64_t>(threads.count), "CPU thread"),
             threads.set_by);
  return ExitCode::ok;
}

}  // namespace

Command add_backends(CLI::App& program) {
  return make_command(
      program,
      {.name = "backends",
       .summary = "list the backends, and why one cannot run here",
       .footer = "Backends of the exact class give the same bits in every parameter; those of the "
                 "tolerant class take the same draws, with parameters within rounding.\n\n"
                 "Beyond wake-sleep: particles (reweighted wake-sleep, --particles), optimizer "
                 "(--optimizer momentum and adam), epochs (--order epochs), grey rows (--binarize "
                 "sample).\n\n"
                 "Examples:\n"
                 "  helmholtz backends\n"
                 "  HELMHOLTZ_SIMD=avx2 helmholtz backends\n"},
      print_backends);
}

}  // namespace helmholtz::app
