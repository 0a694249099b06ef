#include "shared/signals.hpp"

#include <pthread.h>

#include <utility>

namespace revecho {

stop_signals::stop_signals(std::function<void()> on_signal) : on_signal_(std::move(on_signal)) {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, SIGTERM);
  ::sigaddset(&signals_, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  waiter_ = std::thread([this] {
    for (int signal = 0; ::sigwait(&signals_, &signal) == 0 && !leaving_;)
      on_signal_();
  });
}

stop_signals::~stop_signals() {
  leaving_ = true;
  ::pthread_kill(waiter_.native_handle(), SIGTERM); // NOLINT(bugprone-bad-signal-to-kill-thread): blocked, and awaited
  waiter_.join();
}

} // namespace revecho
