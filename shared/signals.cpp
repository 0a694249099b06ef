#include "shared/signals.hpp"

#include <pthread.h>

#include <utility>

namespace revecho {

stop_signals::stop_signals(std::function<void()> on_signal, std::initializer_list<int> signals)
    : on_signal_(std::move(on_signal)), wakes_(*signals.begin()) {
  ::sigemptyset(&signals_);
  for (const int signal : signals)
    ::sigaddset(&signals_, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  waiter_ = std::thread([this] {
    for (int signal = 0; ::sigwait(&signals_, &signal) == 0 && !leaving_;)
      on_signal_();
  });
}

stop_signals::~stop_signals() {
  leaving_ = true;
  ::pthread_kill(waiter_.native_handle(), wakes_); // NOLINT(bugprone-bad-signal-to-kill-thread): blocked, and awaited
  waiter_.join();
}

} // namespace revecho
