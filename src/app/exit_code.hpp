#pragma once

#include "helmholtz/error.hpp"

namespace helmholtz::app {

/// How the program ends: sysexits where one fits.
enum class ExitCode : int {
  ok = 0,
  usage = 2,
  bad_data = 65,
  no_input = 66,
  no_device = 69,
  cannot_create = 73,
  io = 74,  ///< also a device that fails, and memory that is short
  stopped = 75,
};

/// A command line that the parser itself refuses.
class UsageError : public Error {
 public:
  using Error::Error;
};

template <class Kind>
bool is(const Error& error) {
  return dynamic_cast<const Kind*>(&error) != nullptr;
}

inline ExitCode exit_code_of(const Error& error) {
  if (is<InvalidArgument>(error) || is<UsageError>(error)) return ExitCode::usage;
  if (is<BadData>(error)) return ExitCode::bad_data;
  if (is<NoInput>(error)) return ExitCode::no_input;
  if (is<NoDevice>(error)) return ExitCode::no_device;
  if (is<CannotCreate>(error)) return ExitCode::cannot_create;
  return ExitCode::io;
}

}  // namespace helmholtz::app
