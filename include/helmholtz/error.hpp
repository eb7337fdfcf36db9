#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace helmholtz {

/// Why an operation failed; the value is the program's exit code (sysexits where one fits).
enum class ExitCode : int {
  ok = 0,
  usage = 2,
  bad_data = 65,
  no_input = 66,
  no_device = 69,
  cannot_create = 73,
  io = 74,
  stopped = 75,
};

/// Base of every exception that the library throws on purpose.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// An argument or setting outside its allowed range: `field: got "value"; allowed: …`.
class InvalidArgument : public Error {
 public:
  InvalidArgument(std::string_view field, std::string_view value, std::string_view allowed);
  /// The bare name of the argument, e.g. "layers"; the program prints it as a flag.
  [[nodiscard]] const std::string& field() const noexcept { return field_; }

 private:
  std::string field_;
};

/// A file that exists but does not hold what it should (exit code 65).
class BadData : public Error {
 public:
  BadData(std::string_view path, std::string_view problem);
};

/// A file that cannot be read because it is not there or not readable (exit code 66).
class NoInput : public Error {
 public:
  NoInput(std::string_view path, std::string_view problem);
};

/// An output that cannot be created (exit code 73).
class CannotCreate : public Error {
 public:
  CannotCreate(std::string_view path, std::string_view problem);
};

/// A read or write that failed half-way, e.g. a full disk (exit code 74).
class IoError : public Error {
 public:
  IoError(std::string_view path, std::string_view problem);
};

/// A device that has not enough free memory, perhaps because of others who use it (exit code 74).
class OutOfDeviceMemory : public Error {
 public:
  explicit OutOfDeviceMemory(const std::string& message) : Error(ExitCode::io, message) {}
};

}  // namespace helmholtz
