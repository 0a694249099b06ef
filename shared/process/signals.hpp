// SIGTERM, SIGINT and SIGHUP, or others, as a function call in an ordinary thread. Knows no servers.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <initializer_list>
#include <thread>

namespace revecho {

/// While it lives, these signals do nothing but call `on_signal`, one call each, in a thread of its own; except
/// SIGHUP and SIGINT if they were ignored before. Make it before any other thread: the signals must be blocked in all
/// of them. They stay blocked when it is gone, so that a program which has done its work and is leaving is not killed
/// by a late one.
class stop_signals {
 public:
  explicit stop_signals(
      std::function<void()> on_signal, std::initializer_list<int> signals = {SIGTERM, SIGINT, SIGHUP});
  ~stop_signals();
  /// Has one of them come, to any of these objects?
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
