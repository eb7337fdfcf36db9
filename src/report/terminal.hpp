#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace helmholtz::report {

/// Whether a stream's reader is a person: a terminal that can move its cursor.
bool is_terminal(std::FILE* stream);

/// Columns of the terminal behind a stream; 80 where there is none.
int terminal_columns(std::FILE* stream);

/// Whether to colour a stream: a terminal, no NO_COLOR in the environment (no-color.org), and the
/// user did not ask for none.
bool use_color(std::FILE* stream, bool no_color);

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
  /// @param more  what else the line says, e.g. "epoch 3.2"
  void update(double done, std::string_view more = {});
  /// Takes the line off the terminal, so that other output can be written; update() brings it back.
  void clear() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] std::string line(double done, std::string_view more) const;
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
