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

  /// Whether the program could be started; draw() gives nothing otherwise.
  [[nodiscard]] bool is_there() const noexcept { return is_there_; }
  Gnuplot();

  /// @param script  everything but the terminal
  /// @param label   what the picture shows, for those who cannot see it; plain text
  /// @return an <svg> element for a page, its text in the page's colour; nothing if gnuplot is not
  ///         there, fails, takes long, or writes anything that does not belong in such a page
  [[nodiscard]] std::optional<std::string> draw(const std::string& script, Size size,
                                                const std::string& label) const;

  /// Text as a literal: what gnuplot might interpret, such as quotes and percent signs, and all
  /// that is not ASCII, becomes a question mark.
  static std::string quoted(const std::string& text);

 private:
  bool is_there_ = false;
};

}  // namespace helmholtz::report
