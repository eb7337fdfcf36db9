#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/read_file.hpp"
#include "support/temporary_directory.hpp"

namespace helmholtz::testing {

/// How a program ended, and what it wrote.
struct Finished {
  int exit_code = -1;  ///< -1: a signal killed it
  std::string out;
  std::string err;
};

/// The program under test, running in an empty folder of its own.
class Process {
 public:
  struct Options {
    std::filesystem::path stdout_path = {};     ///< e.g. /dev/full; empty: captured
    rlim_t address_space = RLIM_INFINITY;       ///< bytes it may take
    rlim_t file_size = RLIM_INFINITY;           ///< bytes that a file of its may have
    std::vector<std::string> environment = {};  ///< NAME=VALUE, besides this process's own
    std::vector<std::string> launcher = {};     ///< what runs the program, e.g. mpirun -n 4
  };

  Process(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
          const Options& options)
      : out_(options.stdout_path.empty() ? captured_.path() / "out" : options.stdout_path) {
    auto words = options.launcher;
    words.emplace_back(HELMHOLTZ_PROGRAM);
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    auto variables = options.environment;
    std::vector<char*> environment;
    for (auto& variable : variables) environment.push_back(variable.data());
    for (char** variable = environ; *variable != nullptr; ++variable) {
      environment.push_back(*variable);
    }
    environment.push_back(nullptr);
    id_ = fork();
    if (id_ < 0) throw std::runtime_error("fork");
    if (id_ == 0) execute(argv, environment, folder, options);
  }
  ~Process() {
    if (id_ > 0) {
      kill(id_, SIGKILL);
      waitpid(id_, nullptr, 0);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t id() const { return id_; }
  void send(int signal) const { kill(id_, signal); }
  [[nodiscard]] std::string out_so_far() const { return read_file(out_); }

  Finished wait() {
    int status = 0;
    waitpid(std::exchange(id_, -1), &status, 0);
    return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            .out = std::filesystem::is_regular_file(out_) ? read_file(out_) : "",
            .err = read_file(captured_.path() / "err")};
  }

 private:
  /// In the child: only calls that are allowed between fork and exec.
  void execute(const std::vector<char*>& argv, const std::vector<char*>& environment,
               const std::filesystem::path& folder, const Options& options) const {
    const auto err = captured_.path() / "err";
    const rlimit memory{options.address_space, options.address_space};
    const rlimit file_size{options.file_size, options.file_size};
    const bool ready = chdir(folder.c_str()) == 0 &&
                       dup2(open(out_.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO) >= 0 &&
                       dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO) >= 0 &&
                       setrlimit(RLIMIT_AS, &memory) == 0 &&
                       setrlimit(RLIMIT_FSIZE, &file_size) == 0;
    if (ready) execve(argv[0], argv.data(), environment.data());
    _exit(127);
  }

  TemporaryDirectory captured_;
  std::filesystem::path out_;
  pid_t id_ = -1;
};

/// Runs the program to its end.
inline Finished run_program(const std::vector<std::string>& arguments,
                            const std::filesystem::path& folder,
                            const Process::Options& options = {}) {
  return Process(arguments, folder, options).wait();
}

inline Finished run_program(const std::vector<std::string>& arguments) {
  const TemporaryDirectory folder;
  return run_program(arguments, folder.path());
}

}  // namespace helmholtz::testing
