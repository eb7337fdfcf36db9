#pragma once

#include <chrono>
#include <string>

namespace helmholtz::report {

struct ProgressOptions {
  bool quiet = false;     ///< shows nothing
  bool no_color = false;  ///< see use_color()
};

/// How far a long run is, with its rate and the time left, on stderr: one line that is redrawn on a
/// terminal, a plain line every half a minute off it.
class Progress {
 public:
  /// @param total  units to do, e.g. machine-steps; @param unit  their name, plural
  Progress(double total, std::string unit, const ProgressOptions& options);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `done` units of the total are finished. Cheap: draws only when it is due.
  void update(double done);
  /// Takes the line off the terminal, so that other output can be written; update() brings it back.
  void clear() noexcept;
  /// The run is over.
  void finish() noexcept { clear(); }

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] std::string line(double done) const;
  void draw(const std::string& text);

  double total_;
  std::string unit_;
  bool quiet_;
  bool terminal_;
  bool color_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

}  // namespace helmholtz::report
