#include "report/html/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "base/input_file.hpp"
#include "base/text.hpp"
#include "report/html/sections.hpp"

extern char** environ;  // NOLINT: POSIX gives no header for it

namespace helmholtz::report {

namespace {

/// An anonymous file, so that neither side waits for the other to read.
class MemoryFile {
 public:
  [[nodiscard]] int descriptor() const noexcept { return file_.get(); }

  [[nodiscard]] bool fill(std::string_view text) const {
    while (!text.empty()) {
      const auto written = write(descriptor(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return lseek(descriptor(), 0, SEEK_SET) == 0;
  }

  [[nodiscard]] std::optional<std::string> contents() const {
    constexpr off_t kMost = off_t{16} << 20U;
    const auto size = lseek(descriptor(), 0, SEEK_END);
    if (size < 0 || size > kMost) return std::nullopt;
    std::string text(static_cast<std::size_t>(size), '\0');
    const auto got = pread(descriptor(), text.data(), text.size(), 0);
    if (got != size) return std::nullopt;
    return text;
  }

 private:
  io::Descriptor file_{memfd_create("helmholtz", MFD_CLOEXEC)};
};

/// Waits for a process; it is gone afterwards. @return how it failed; empty: it ended well, in
/// time, or it is unknown how, since this process ignores its children (SIGCHLD)
std::string failure_of(pid_t process) {
  constexpr auto kLongest = std::chrono::seconds(20);
  constexpr auto kNap = std::chrono::milliseconds(2);
  const auto end = std::chrono::steady_clock::now() + kLongest;
  int status = 0;
  while (true) {
    const auto done = waitpid(process, &status, WNOHANG);
    if (done == process) {
      if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
      return WEXITSTATUS(status) == 0 ? "" : fmt::format("status {}", WEXITSTATUS(status));
    }
    if (done < 0 && errno == ECHILD) return "";
    if (done < 0 && errno != EINTR) return std::strerror(errno);
    if (std::chrono::steady_clock::now() > end) break;
    std::this_thread::sleep_for(kNap);
  }
  kill(process, SIGKILL);
  waitpid(process, &status, 0);
  return fmt::format("no end after {} seconds", kLongest.count());
}

/// The first line that is not blank, without the blanks around it; short, control characters
/// replaced.
std::string first_line(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  constexpr std::string_view kSpace = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  text = text.substr(0, std::min(text.find('\n'), kLongest));
  return text::printable(text.substr(0, text.find_last_not_of(kSpace) + 1));
}

/// The outcome of a run of gnuplot.
struct ProgramRun {
  bool is_missing = false;
  std::string failure = {};   ///< empty: it ended well, as far as is known
  std::string messages = {};  ///< the first line of its stderr
  std::optional<std::string> output = {};
};

/// Starts gnuplot. @return an error number, or 0
int start(const MemoryFile& in, const MemoryFile& out, const MemoryFile& messages, pid_t& process) {
  std::string program = "gnuplot";
  std::string no_settings = "-d";
  const std::array<char*, 3> arguments = {program.data(), no_settings.data(), nullptr};
  posix_spawn_file_actions_t actions;
  if (const int error = posix_spawn_file_actions_init(&actions); error != 0) return error;
  int error = posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  if (error == 0) {
    error = posix_spawn_file_actions_adddup2(&actions, out.descriptor(), STDOUT_FILENO);
  }
  if (error == 0) {
    error = posix_spawn_file_actions_adddup2(&actions, messages.descriptor(), STDERR_FILENO);
  }
  if (error == 0) {
    error = posix_spawnp(&process, program.c_str(), &actions, nullptr, arguments.data(), environ);
  }
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

ProgramRun run(std::string_view script) {
  const MemoryFile in;
  const MemoryFile out;
  const MemoryFile messages;
  if (in.descriptor() < 0 || out.descriptor() < 0 || messages.descriptor() < 0 ||
      !in.fill(script)) {
    return {.failure = fmt::format("failed: {}", std::strerror(errno))};
  }
  pid_t process = -1;
  const int error = start(in, out, messages, process);
  if (error == ENOENT) return {.is_missing = true};
  if (error != 0) return {.failure = fmt::format("cannot be executed: {}", std::strerror(error))};
  ProgramRun result;
  const auto failure = failure_of(process);
  if (!failure.empty()) result.failure = "failed: " + failure;
  result.messages = first_line(messages.contents().value_or(""));
  result.output = out.contents();
  return result;
}

void erase_all(std::string& text, std::string_view begin, std::string_view end) {
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    const auto last = text.find(end, at + begin.size());
    if (last == std::string::npos) return;
    text.erase(at, last + end.size() - at);
  }
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

/// Groups without content, which gnuplot writes by the hundred.
void erase_empty_groups(std::string& text) {
  constexpr std::string_view kEmpty = ">\n</g>\n";
  for (auto at = text.find(kEmpty); at != std::string::npos; at = text.find(kEmpty)) {
    const auto begin = text.rfind('<', at);
    if (begin == std::string::npos || text.compare(begin, 2, "<g") != 0) return;
    text.erase(begin, at + kEmpty.size() - begin);
  }
}

/// The drawing itself: no names that two pictures of a page would share, no colour that the page
/// does not choose, no white space.
std::optional<std::string> drawing_in(std::string svg) {
  const auto begin = svg.find("<svg");
  const auto open = begin == std::string::npos ? begin : svg.find('>', begin);
  const auto end = svg.rfind("</svg>");
  if (open == std::string::npos || end == std::string::npos || end < open) return std::nullopt;
  svg = svg.substr(open + 1, end - open - 1);
  erase_all(svg, "<title>", "</title>");
  erase_all(svg, "<desc>", "</desc>");
  erase_all(svg, "<defs>", "</defs>");
  erase_all(svg, " id=\"", "\"");
  erase_all(svg, " font-family=\"", "\"");
  replace_all(svg, " color=\"black\"", "");
  replace_all(svg, " color=\"white\"", "");
  replace_all(svg, "\"black\"", "\"currentColor\"");
  replace_all(svg, "'black'", "\"currentColor\"");
  erase_empty_groups(svg);
  for (const auto* const foreign : {"<script", "<image", "<foreign", "href", "url(", "&#"}) {
    if (svg.find(foreign) != std::string::npos) return std::nullopt;
  }
  if (svg.find("<path") == std::string::npos)
    return std::nullopt;  // nothing is drawn, not even an axis
  return svg;
}

}  // namespace

Gnuplot::Gnuplot() { is_there_ = picture("plot x\n", {.width = 100, .height = 80}).has_value(); }

std::optional<std::string> Gnuplot::picture(const std::string& script, Size size) const {
  auto result =
      run(fmt::format("set terminal svg size {},{} dynamic noenhanced font 'sans-serif,13'\n{}",
                      size.width, size.height, script));
  if (result.is_missing) return std::nullopt;
  std::optional<std::string> svg;
  if (result.failure.empty()) {
    if (result.output) svg = drawing_in(std::move(*result.output));
    if (svg) return svg;
    result.failure = "failed: no picture that fits a page";
  }
  if (failure_.empty()) {
    failure_ = fmt::format("gnuplot {}{}{}", result.failure, result.messages.empty() ? "" : ": ",
                           result.messages);
  }
  return std::nullopt;
}

std::optional<std::string> Gnuplot::draw(const std::string& script, Size size,
                                         const std::string& label) const {
  if (!is_there_) return std::nullopt;
  const auto svg = picture(script, size);
  if (!svg) return std::nullopt;
  return fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>\n",
      size.width, size.height, escaped(label), *svg);
}

std::string Gnuplot::quoted(const std::string& text) {
  constexpr std::string_view kPlain = " ,.:;+-_=/()<>&";
  std::string out = "'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || kPlain.find(c) != std::string::npos);
    out += is_plain ? c : '?';
  }
  return out + '\'';
}

}  // namespace helmholtz::report
