// A timer of an event loop, on which one coroutine waits. As precise as the kernel's: to tens of microseconds.
#pragma once

#include <chrono>
#include <coroutine>
#include <set>
#include <utility>

namespace revecho::async {

class context;
class timer;

/// The timers on which somebody waits, the next one first.
using timer_queue = std::set<std::pair<std::chrono::steady_clock::time_point, timer*>>;

class timer {
 public:
  using clock = std::chrono::steady_clock;

  explicit timer(context& owner) noexcept : owner_(owner) {}
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer();

  class waiting {
   public:
    waiting(timer& on, clock::time_point until) noexcept : on_(on), until_(until) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) { on_.start(until_, coroutine); }
    void await_resume() const noexcept {}

   private:
    timer& on_;
    clock::time_point until_;
  };

  /// `co_await a_timer.until(when);` waits until then, or until cancel(). Awaiting it throws std::bad_alloc.
  waiting until(clock::time_point when) noexcept { return {*this, when}; }

  /// Ends the wait that is under way, if there is one: the coroutine goes on when the loop comes to it.
  void cancel() noexcept;

  /// The same at once: the coroutine runs in here until it ends or waits again. It may destroy this object.
  void finish();

 private:
  friend class context;
  void start(clock::time_point when, std::coroutine_handle<> coroutine);

  context& owner_;
  std::coroutine_handle<> coroutine_; // that waits, if any
  timer_queue::iterator place_;       // while one does
};

} // namespace revecho::async
