#include "app/run.hpp"

#include <CLI/CLI.hpp>

#include "helmholtz/error.hpp"

namespace helmholtz::app {

RunArgument::RunArgument(CLI::App& command) {
  command.add_option("DIR", directory_, "directory of a sweep")->required()->type_name("");
}

Run RunArgument::open() const {
  if (directory_.empty()) throw InvalidArgument("DIR", "", "the directory of a sweep");
  return open_run(directory_);
}

}  // namespace helmholtz::app
