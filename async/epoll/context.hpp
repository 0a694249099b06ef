// One event loop: an epoll that one thread waits on. Everything that belongs to a context is touched by that thread
// only, so nothing is locked except the calls that other threads post.
//
// Theory of operation
//
// Edges. A descriptor is registered once, edge-triggered. The kernel reports a change once, so a watched_descriptor
// remembers what it has been told (its ready events) until a call returns EAGAIN, or a read does not fill its buffer:
// only then may it be forgotten, because only then the kernel will report the next change.
//
// Queue. A wait that can end at once (the descriptor is ready already, stop() has come, the deadline has passed) does
// not call its handler from inside wait(): the caller may be in the middle of something. It enters the queue.
//
// Turn. One pass of the loop: the handlers in the queue; the timers that have expired; the tick, if it is due; calls
// that were posted; then one epoll_pwait2(2), which blocks until the next timer or tick unless the queue has grown
// meanwhile; then the handlers of the events that it has brought. What handlers queue during a turn runs in the
// next: no connection can keep the others, the timers or the tick from their turn.
//
// Tick. Deadlines are numbers. Once a tick (an eighth of the shortest time-out) the loop looks at all of them.
#pragma once

#include "async/epoll/coroutine.hpp"
#include "async/epoll/timer.hpp"
#include "async/epoll/watched_descriptor.hpp"
#include "shared/net/buffer_pool.hpp"

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace revecho::async {

class context {
 public:
  /// Descriptors that it holds by itself: its epoll, and what wakes it.
  static constexpr std::size_t descriptors = 2;

  /// `shortest_timeout`: of the deadlines that will be used; they are met at most an eighth of it late. Zero: none.
  /// Throws std::system_error.
  explicit context(std::chrono::nanoseconds shortest_timeout);
  /// Destroys the coroutines that are still suspended.
  ~context();
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Runs main() and all that it awaits in this thread, and returns when main() does. Rethrows what main() throws.
  void run(const std::function<awaitable<void>()>& main);

  /// Runs what was spawned in this thread, until all of it has ended or abort() was called.
  void run();

  /// Ends every wait with on_stop::end, now and from now on. Any thread.
  void stop() noexcept;

  /// Makes run() return, whatever is still going on; that is dropped with the context. Any thread.
  void abort() noexcept;

  /// Calls the function in the loop's thread, soon. Any thread. Throws std::bad_alloc. The function must not throw.
  void post(std::function<void()> function);

  /// Starts task(arguments…), which runs in here until it first waits. Throws std::bad_alloc. The task must not throw,
  /// and is a function that makes a coroutine: a lambda that is one itself would be gone before it.
  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments) {
    const auto coroutine = task(std::forward<Arguments>(arguments)...).release();
    coroutine.promise().set_spawned();
    spawned_.push_back(coroutine.promise());
    coroutine.resume();
  }

  awaitable<void> sleep_for(std::chrono::nanoseconds duration);

  bool stopping() const noexcept { return stopping_; }
  buffer_pool& buffers() noexcept { return buffers_; }

 private:
  friend class timer;
  friend class watched_descriptor;

  static constexpr std::size_t events_at_once = 256; // taken from the kernel

  void turn();
  void call_queued_handlers();
  void expire_timers();
  void tick_if_due();
  void run_posted();
  void await_events();
  void handle_events();
  void forget(const watched_descriptor&) noexcept;
  void wake() noexcept;

  std::chrono::nanoseconds tick_;
  timer::clock::time_point next_tick_;
  intrusive_list<promise<void>> spawned_;      // coroutines that nobody awaits, and that have not ended
  intrusive_list<watched_descriptor> watched_; // that have waited, and may be waiting
  intrusive_list<watched_descriptor> queue_;   // whose handlers are to be called
  intrusive_list<watched_descriptor> turn_;    // the same, in this turn
  timer_queue timers_;
  buffer_pool buffers_;
  std::array<epoll_event, events_at_once> event_buffer_;
  std::span<epoll_event> events_; // that have not been handled yet
  bool stopping_ = false;
  unique_descriptor epoll_;
  unique_descriptor wake_up_; // an eventfd

  std::atomic<bool> stop_asked_ = false;
  std::atomic<bool> aborted_ = false;
  std::mutex posting_; // for posted_
  std::vector<std::function<void()>> posted_;
};

} // namespace revecho::async
