#include "report/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "report/numbers.hpp"

namespace helmholtz::report {

namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kPlainLine = std::chrono::seconds(30);
constexpr const char* kEraseLine = "\r\x1b[K";

}  // namespace

bool is_terminal(std::FILE* stream) {
  const char* term = std::getenv("TERM");
  return isatty(fileno(stream)) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

int terminal_columns(std::FILE* stream) {
  constexpr int kUsual = 80;
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

bool use_color(std::FILE* stream, bool no_color) {
  const char* variable = std::getenv("NO_COLOR");
  const bool unwanted = no_color || (variable != nullptr && *variable != '\0');
  return !unwanted && is_terminal(stream);
}

Progress::Progress(double total, std::string unit, const ProgressOptions& options)
    : total_(total),
      unit_(std::move(unit)),
      quiet_(options.quiet),
      terminal_(is_terminal(stderr)),
      color_(use_color(stderr, options.no_color)) {}

Progress::~Progress() { clear(); }

void Progress::update(double done, std::string_view more) {
  const auto now = Clock::now();
  const auto due = terminal_ ? Clock::duration(kRedraw) : Clock::duration(kPlainLine);
  if (quiet_ || now - last_ < due) return;
  last_ = now;
  draw(line(done, more));
}

std::string Progress::line(double done, std::string_view more) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = done / std::max(seconds, 1e-9);
  const double left = rate > 0 ? (total_ - done) / rate : 0;
  return fmt::format("{:3.0f} %  {} of {} {}  {}/s  {} left{}{}",
                     100 * done / std::max(total_, 1.0), scaled(done), scaled(total_), unit_,
                     scaled(rate), clock(left), more.empty() ? "" : "  ", more);
}

void Progress::draw(const std::string& text) {
  if (!terminal_) {
    fmt::print(stderr, "{}\n", text);
    return;
  }
  // A line that wraps could not be erased.
  const auto width = static_cast<std::size_t>(std::max(1, terminal_columns(stderr) - 1));
  fmt::print(stderr, "{}{}{}{}", kEraseLine, color_ ? "\x1b[2m" : "", text.substr(0, width),
             color_ ? "\x1b[0m" : "");
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::clear() noexcept {
  if (!drawn_) return;
  std::fputs(kEraseLine, stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace helmholtz::report
