#include "shared/process/signals.hpp"

#include "shared/process/thread.hpp"

#include <pthread.h>

#include <utility>

namespace revecho {
namespace {

// nohup(1) ignores SIGHUP, and a shell without job control ignores SIGINT in background jobs. Blocking such a signal
// would make it pending instead of ignored, so those are left out. SIGTERM must always work.
bool is_unwanted(int signal) noexcept {
  struct sigaction before {};
  return signal != SIGTERM && ::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
}

std::atomic<bool> come = false;

} // namespace

bool stop_signals::have_come() noexcept { return come; }

stop_signals::stop_signals(std::function<void()> on_signal, std::initializer_list<int> signals)
    : on_signal_(std::move(on_signal)), wakes_(*signals.begin()) {
  ::sigemptyset(&signals_);
  for (const int signal : signals)
    if (!is_unwanted(signal)) ::sigaddset(&signals_, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  waiter_ = start_thread([this] {
    for (int signal = 0; ::sigwait(&signals_, &signal) == 0 && !leaving_;) {
      come = true;
      on_signal_();
    }
  });
}

stop_signals::~stop_signals() {
  leaving_ = true;
  ::pthread_kill(waiter_.native_handle(), wakes_); // NOLINT(bugprone-bad-signal-to-kill-thread): blocked, and awaited
  waiter_.join();
}

} // namespace revecho
