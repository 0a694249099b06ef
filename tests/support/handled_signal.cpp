// A library that a test loads into a program: SIGUSR1 does nothing there but interrupt system calls, which are not
// restarted.
#include <csignal>

namespace {

[[gnu::constructor]] void handle_signal() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
}

} // namespace
