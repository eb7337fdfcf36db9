#pragma once

#include <string_view>

#include "helmholtz/sweep.hpp"

namespace CLI {
class App;
}

namespace helmholtz::app {

/// How results and progress are shown; every command has these flags.
struct OutputOptions {
  bool json = false;      ///< JSON lines on stdout
  bool quiet = false;     ///< nothing on stderr but errors
  bool no_color = false;  ///< no colours, as with NO_COLOR set
};

/// Adds --json, --quiet and --no-color. `options` must outlive the parser.
void add_output_flags(CLI::App& command, OutputOptions& options);

/// The flags of `train` and `sweep`: those of a spec (sweep/fields.hpp), --config and of the
/// output.
class SpecFlags {
 public:
  enum class Arity { one, list };  ///< of a spec's lists; `one` leaves out what sweeps alone have

  /// Adds them; this must outlive the parser.
  SpecFlags(CLI::App& command, Arity arity);
  SpecFlags(const SpecFlags&) = delete;
  SpecFlags& operator=(const SpecFlags&) = delete;

  /// What the command line and the --config file say, every value checked.
  /// @throws InvalidArgument naming the flag, its value and what is allowed; what make_world throws
  [[nodiscard]] SweepSpec parse() const;
  /// Whether the command line or the --config file has the flag, e.g. "layers".
  [[nodiscard]] bool given(std::string_view flag) const;
  [[nodiscard]] const OutputOptions& output() const noexcept { return output_; }

 private:
  CLI::App& command_;
  Arity arity_;
  OutputOptions output_;
};

}  // namespace helmholtz::app
