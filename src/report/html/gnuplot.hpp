#pragma once

#include <optional>
#include <string>

namespace helmholtz::report {

/// Draws pictures by the program gnuplot, if there is one. It is started directly, without a shell
/// or settings of the user's; a script comes from memory and may hold numbers and quoted() text.
class Gnuplot {
 public:
  struct Size {
    int width = 0;
    int height = 0;
  };

  /// Tries a small picture.
  Gnuplot();
  /// Whether that picture was drawn; draw() gives nothing otherwise.
  [[nodiscard]] bool is_there() const noexcept { return is_there_; }
  /// How the program failed first, e.g. "gnuplot failed: status 1: line 0: …"; empty if it has
  /// drawn everything so far, or was not found.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  /// @param script  everything but the terminal
  /// @param label   what the picture shows, for those who cannot see it; plain text
  /// @return an <svg> element for a page, its text in the page's colour; nothing if gnuplot is not
  ///         there, fails, takes long, draws nothing, or writes anything that does not belong in
  ///         such a page
  [[nodiscard]] std::optional<std::string> draw(const std::string& script, Size size,
                                                const std::string& label) const;

  /// Text as a literal: what gnuplot might interpret, such as quotes and percent signs, and all
  /// that is not ASCII, becomes a question mark.
  static std::string quoted(const std::string& text);

 private:
  [[nodiscard]] std::optional<std::string> picture(const std::string& script, Size size) const;

  bool is_there_ = false;
  mutable std::string failure_;
};

}  // namespace helmholtz::report
