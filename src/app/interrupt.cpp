#include "app/interrupt.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string_view>

namespace helmholtz::app {

namespace {

// A signal handler can reach nothing but a global; several threads ask for it.
std::atomic<int> requests = 0;
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void request_stop(int signal) {
  // The kernel repeats this one every second; it is no second request.
  if (signal == SIGXCPU && requests != 0) return;

  constexpr std::string_view kAgain = "helmholtz: stopping; once more ends it at once\n";
  const int count = ++requests;
  if (count == 2) {
    static_cast<void>(write(STDERR_FILENO, kAgain.data(), kAgain.size()) > 0);
  } else if (count > 2) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = request_stop;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU}) {
    struct sigaction inherited {};
    sigaction(signal, nullptr, &inherited);
    const bool is_nohup = signal == SIGHUP && inherited.sa_handler == SIG_IGN;
    if (!is_nohup) sigaction(signal, &action, nullptr);
  }
}

bool interrupted() noexcept { return requests != 0; }

}  // namespace helmholtz::app
