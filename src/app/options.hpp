#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "helmholtz/ensemble.hpp"
#include "helmholtz/hyperparameters.hpp"
#include "helmholtz/matrix_math.hpp"
#include "helmholtz/topology.hpp"
#include "helmholtz/world.hpp"

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

/// What the flags that `train` and `sweep` share say, every value checked. `train` has one entry in
/// each list.
struct RunOptions {
  std::vector<Topology> topologies;
  World world;
  std::vector<double> rates;
  LearningRateOptions rate_overrides;  ///< all but its `rate`, which `rates` replaces
  std::vector<Schedule> schedules;
  std::vector<Initialisation> initialisations;
  std::vector<int> batches;
  BatchReduction reduction = BatchReduction::sum;
  bool nonnegative = false;
  std::uint64_t steps = 0;
  std::uint64_t eval_every = 1;
  std::uint64_t samples = 0;
  std::string backend;
  int threads = 0;
  std::vector<int> devices;
  MatrixMath math = MatrixMath::fp32;
  OutputOptions output;
};

/// The flags themselves: adds them to a command, and reads them after the command line is parsed.
class RunFlags {
 public:
  enum class Arity { one, list };  ///< `list`: --layers, --lr, --batch, --schedule, --init

  RunFlags(CLI::App& command, Arity arity);
  ~RunFlags();
  RunFlags(const RunFlags&) = delete;
  RunFlags& operator=(const RunFlags&) = delete;

  /// @throws InvalidArgument naming the flag, its value and what is allowed; what make_world throws
  [[nodiscard]] RunOptions parse() const;
  /// Whether the command line or the --config file has the flag, e.g. "layers".
  [[nodiscard]] bool given(std::string_view flag) const;

 private:
  [[nodiscard]] LearningRateOptions parse_rate_overrides() const;

  struct Text;
  CLI::App& command_;
  Arity arity_;
  std::unique_ptr<Text> text_;
};

}  // namespace helmholtz::app
