// One event loop: an asio::io_context that one thread runs, the coroutines spawned on it, and one timer that cancels
// the operations whose deadline has passed. What belongs to a context is touched by its thread only: nothing is locked.
#pragma once

#include "shared/net/buffer_pool.hpp"

#include <asio/awaitable.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace revecho::async {

// The executor by its type, and not asio's type-erased default: sockets, timers and coroutines are smaller.
using executor = asio::io_context::executor_type;
using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

template <class T>
using awaitable = asio::awaitable<T, executor>;
inline constexpr asio::use_awaitable_t<executor> use_awaitable;

class cancellable;

class context {
 public:
  /// Descriptors that it holds by itself: its epoll, and what wakes it, now or at a time.
  static constexpr std::size_t descriptors = 3;

  /// `shortest_timeout`: of the deadlines that will be used; they are met at most an eighth of it late. Zero: none.
  /// Throws std::system_error.
  explicit context(std::chrono::nanoseconds shortest_timeout);
  context(const context&) = delete; // destroyed with the coroutines that are still suspended
  context& operator=(const context&) = delete;

  executor get_executor() noexcept { return loop_.get_executor(); }
  buffer_pool& buffers() noexcept { return buffers_; }
  bool stopping() const noexcept { return stopping_; }

  /// Runs main() and all that it awaits in this thread, and returns when main() does. Rethrows what main() throws.
  void run(const std::function<awaitable<void>()>& main);

  /// Runs what was spawned in this thread, until all of it has ended or abort() was called.
  void run();

  /// Ends every wait with on_stop::end, now and from now on. Any thread.
  void stop();

  /// Makes run() return, whatever is still going on; that is dropped with the context. Any thread.
  void abort() { loop_.stop(); }

  /// Starts task(arguments…), which runs in here until it first waits. Throws std::bad_alloc. The task must not throw,
  /// and is a function that makes a coroutine: a lambda that is one itself would be gone before it.
  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments) {
    start(task(std::forward<Arguments>(arguments)...));
  }

  awaitable<void> sleep_for(std::chrono::nanoseconds duration);

 private:
  friend class cancellable;

  // Counts a task until it has ended or was destroyed.
  class running_task {
   public:
    explicit running_task(context& owner) noexcept : owner_(&owner) { ++owner_->tasks_; }
    running_task(running_task&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    running_task& operator=(running_task&&) = delete;
    ~running_task() {
      if (owner_ != nullptr && --owner_->tasks_ == 0) owner_->loop_.stop();
    }

   private:
    context* owner_;
  };

  void start(awaitable<void> task);
  void await_tick();
  void tick();

  std::chrono::nanoseconds tick_;
  std::vector<cancellable*> cancellables_; // that have waited, and may be waiting
  buffer_pool buffers_;
  std::size_t tasks_ = 0;
  bool stopping_ = false;
  bool tick_awaited_ = false;
  asio::io_context loop_; // destroyed before what its coroutines use
  timer ticker_;
};

} // namespace revecho::async
