// The watch thread, what it watches, and the threads that a server starts. Knows no sockets.
#pragma once

#include "sync/blocking/blocking_call.hpp"
#include "shared/process/thread.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <tuple>
#include <utility>

namespace revecho::sync {

class context {
 public:
  /// `shortest_timeout`: of the deadlines that will be used; they are met at most an eighth of it late. Zero: none.
  explicit context(std::chrono::nanoseconds shortest_timeout);
  /// Precondition: no blocking_call is left.
  ~context();
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Starts the watch thread, before which nothing can wait. Throws std::system_error.
  void start() {
    watcher_ = start_thread([this] { watch(); });
  }

  /// Starts, and runs main() in this thread.
  void run(const std::function<void()>& main);

  /// Ends every wait with on_stop::end, now and from now on. Any thread.
  void stop();

  /// Ends every wait. Any thread.
  void abort() noexcept;

  /// Ends early on abort().
  void sleep_for(std::chrono::nanoseconds duration);

  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }
  bool aborted() const noexcept { return aborted_.load(std::memory_order_relaxed); }

  /// Starts task(arguments…) in a thread of its own. Throws std::system_error.
  template <class Task, class... Arguments>
  void spawn_thread(Task task, Arguments&&... arguments);

  /// Waits until all threads of spawn_thread() have ended.
  void join_threads();

 private:
  friend class blocking_call;
  void link(blocking_call&);
  void unlink(blocking_call&) noexcept;
  void watch();
  void thread_ended() noexcept;

  std::chrono::nanoseconds tick_;
  std::mutex mutex_; // for all that follows and is not atomic
  // One for each reason to wait: there may be a thousand sleepers, and nothing but abort() concerns them.
  std::condition_variable watcher_woken_;
  std::condition_variable sleepers_woken_;
  std::condition_variable all_threads_ended_;
  blocking_call* first_ = nullptr;
  std::size_t threads_ = 0;
  bool leaving_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> aborted_ = false;
  std::thread watcher_;
};

template <class Task, class... Arguments>
void context::spawn_thread(Task task, Arguments&&... arguments) {
  {
    const std::lock_guard lock(mutex_);
    ++threads_;
  }
  try {
    start_detached_thread([this, task, own = std::tuple(std::forward<Arguments>(arguments)...)]() mutable {
      std::apply([&](auto&... each) { task(std::move(each)...); }, own);
      thread_ended();
    });
  } catch (...) {
    thread_ended();
    throw;
  }
}

} // namespace revecho::sync
