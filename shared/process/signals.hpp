// SIGTERM, SIGINT and SIGHUP, or others, as a function call in an ordinary thread. Knows no servers.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <initializer_list>
#include <thread>

namespace revecho {

/// While it lives, each of these signals calls `on_signal` in a dedicated thread and has no other effect; SIGHUP and
/// SIGINT stay ignored if they were ignored before. Create it before any other thread, because every thread must block
/// the signals. They stay blocked afterwards, so that a late signal cannot kill a program that is exiting.
class stop_signals {
 public:
  explicit stop_signals(
      std::function<void()> on_signal, std::initializer_list<int> signals = {SIGTERM, SIGINT, SIGHUP});
  ~stop_signals();
  /// True once any object of this class has received a signal.
  static bool have_come() noexcept;

  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

 private:
  std::function<void()> on_signal_;
  int wakes_; // one of
  sigset_t signals_;
  std::atomic<bool> leaving_ = false;
  std::thread waiter_;
};

} // namespace revecho
