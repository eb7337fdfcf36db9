#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace helmholtz {

/// Base of every exception that the library throws on purpose.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
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

/// What is wrong with a file, in one line: `path: problem`.
class FileError : public Error {
 public:
  FileError(std::string_view path, std::string_view problem);
};

/// A file that exists but does not hold what it should.
class BadData : public FileError {
 public:
  using FileError::FileError;
};

/// A file that is not there, or is no regular file.
class NoInput : public FileError {
 public:
  using FileError::FileError;
};

/// An output that cannot be created.
class CannotCreate : public FileError {
 public:
  using FileError::FileError;
};

/// An output that another process is writing.
class InUse : public CannotCreate {
 public:
  using CannotCreate::CannotCreate;
};

/// A read or write that failed, e.g. a file without permission to read it, or a full disk.
class IoError : public FileError {
 public:
  using FileError::FileError;
};

/// A backend that cannot run here: no plugin, no device, or none that fits.
class NoDevice : public Error {
 public:
  using Error::Error;
};

/// A device or its driver that failed at work.
class DeviceFailure : public Error {
 public:
  using Error::Error;
};

/// A device that has not enough free memory, perhaps because of others who use it.
class OutOfDeviceMemory : public DeviceFailure {
 public:
  using DeviceFailure::DeviceFailure;
};

}  // namespace helmholtz
