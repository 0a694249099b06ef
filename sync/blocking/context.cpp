#include "sync/blocking/context.hpp"

#include "shared/options/limits.hpp"

#include <algorithm>
#include <cassert>
#include <csignal>

namespace revecho::sync {
namespace {

constexpr int wake_signal = SIGURG;

// The handler does nothing: that a system call returns EINTR is all that is wanted, hence no SA_RESTART.
void install_wake_signal() {
  static const bool installed = [] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(wake_signal, &action, nullptr);
    return true;
  }();
  static_cast<void>(installed);
}

} // namespace

context::context(std::chrono::nanoseconds shortest_timeout) : tick_(limits::tick_for(shortest_timeout)) {
  install_wake_signal();
}

context::~context() {
  assert(first_ == nullptr && threads_ == 0);
  if (!watcher_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  watcher_woken_.notify_all();
  watcher_.join();
}

void context::run(const std::function<void()>& main) {
  start();
  main();
}

void context::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  watcher_woken_.notify_all();
}

void context::abort() noexcept {
  const std::lock_guard lock(mutex_);
  aborted_ = true;
  watcher_woken_.notify_all();
  sleepers_woken_.notify_all();
}

void context::sleep_for(std::chrono::nanoseconds duration) {
  std::unique_lock lock(mutex_);
  sleepers_woken_.wait_for(lock, duration, [&] { return aborted(); });
}

void context::link(blocking_call& w) {
  const std::lock_guard lock(mutex_);
  w.thread_ = ::pthread_self();
  w.linked_ = true;
  w.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &w;
  first_ = &w;
}

void context::unlink(blocking_call& w) noexcept {
  const std::lock_guard lock(mutex_);
  (w.previous_ == nullptr ? first_ : w.previous_->next_) = w.next_;
  if (w.next_ != nullptr) w.next_->previous_ = w.previous_;
}

void context::watch() {
  std::unique_lock lock(mutex_);
  while (!leaving_) {
    watcher_woken_.wait_for(lock, stopping() || aborted() ? std::min(tick_, limits::stopping_tick) : tick_);
    const auto now = coarse_clock::now().time_since_epoch().count();
    for (const blocking_call* w = first_; w != nullptr; w = w->next_) {
      const auto deadline = w->deadline_.load(std::memory_order_relaxed);
      if (deadline == blocking_call::not_armed) continue;
      const bool ends = stopping() && w->on_stop_.load(std::memory_order_relaxed) == on_stop::end;
      if (now >= deadline || ends || aborted()) ::pthread_kill(w->thread_, wake_signal);
    }
  }
}

// The lock is held while notifying: whoever waits in join_threads() may destroy the context right after.
void context::thread_ended() noexcept {
  const std::lock_guard lock(mutex_);
  if (--threads_ == 0) all_threads_ended_.notify_all();
}

void context::join_threads() {
  std::unique_lock lock(mutex_);
  all_threads_ended_.wait(lock, [&] { return threads_ == 0; });
}

} // namespace revecho::sync
