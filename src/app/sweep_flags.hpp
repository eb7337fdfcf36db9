#pragma once

#include <string>

#include "app/options.hpp"
#include "helmholtz/sweep.hpp"

namespace helmholtz::app {

/// The flags that say what a sweep is: on the command line, and in a run's config.toml.
class SweepFlags {
 public:
  explicit SweepFlags(CLI::App& command);

  /// @throws InvalidArgument naming the flag; what make_world throws
  [[nodiscard]] SweepSpec spec(const RunOptions& options) const;
  [[nodiscard]] RunOptions parse() const { return run_.parse(); }

 private:
  RunFlags run_;
  std::string seeds_ = "0:1024";
  std::string save_parameters_ = "none";
};

}  // namespace helmholtz::app
