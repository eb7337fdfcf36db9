#pragma once

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace helmholtz::app {

/// --success-below: the KL under which a machine counts as a success.
class SuccessFlag {
 public:
  /// Adds the flag; this must outlive the parser.
  explicit SuccessFlag(CLI::App& command);
  SuccessFlag(const SuccessFlag&) = delete;
  SuccessFlag& operator=(const SuccessFlag&) = delete;

  /// In nats; nothing without the flag.
  /// @throws InvalidArgument (field "success-below") unless it is a finite number above 0
  [[nodiscard]] std::optional<double> parse() const;

 private:
  std::optional<std::string> text_;
};

}  // namespace helmholtz::app
