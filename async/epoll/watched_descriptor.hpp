// A descriptor that an event loop watches, and a wait for it. Knows nothing of what it is for.
#pragma once

#include "async/epoll/intrusive_list.hpp"
#include "shared/net/descriptor.hpp"
#include "shared/process/clock.hpp"

#include <sys/epoll.h>

#include <coroutine>
#include <cstdint>
#include <system_error>

namespace revecho::async {

class context;

/// Events that end every wait: a reset, for example.
inline constexpr std::uint32_t broken = EPOLLHUP | EPOLLERR;
/// Events that end a wait for bytes. A peer that has sent its last byte may still read what it gets.
inline constexpr std::uint32_t readable = EPOLLIN | EPOLLRDHUP | broken;
inline constexpr std::uint32_t writable = EPOLLOUT | broken;

/// Effect of context::stop() on a wait under way.
enum class on_stop : std::uint8_t {
  end,  ///< ends it, with std::errc::operation_canceled, once nothing more is there to be read
  wait, ///< nothing: what has begun may be finished
};

/// Callback for a descriptor that became ready.
class ready_handler {
 public:
  /// The event loop calls it once for each wait. `error`: why the wait has ended, if not because something is ready.
  /// The watched descriptor may be destroyed here.
  virtual void on_ready(std::error_code error) = 0;

 protected:
  ready_handler() = default;
  ready_handler(const ready_handler&) = default;
  ready_handler& operator=(const ready_handler&) = default;
  ~ready_handler() = default;
};

/// Registered with its context's epoll once, at its first wait, edge-triggered, for reading and writing; from then on
/// the kernel reports each change, and nothing has to be asked for again. A wait allocates nothing and starts no timer:
/// the context looks at the deadlines of all waits once a tick.
class watched_descriptor : private list_hook {
 public:
  watched_descriptor(context& owner, unique_descriptor descriptor) noexcept;
  /// Precondition: it has not waited yet. From its first wait on it must not move.
  watched_descriptor(watched_descriptor&&) noexcept;
  watched_descriptor& operator=(watched_descriptor&&) = delete;
  ~watched_descriptor();

  context& owner() const noexcept { return *owner_; }
  int descriptor() const noexcept { return descriptor_.get(); }

  /// Calls the handler once one of the events has come that nothing has cleared since; without any event, after the
  /// others have had their turn. One wait at a time. Errors come through the handler: std::errc::timed_out for the
  /// deadline, operation_canceled for stop(), interrupted, or why the descriptor cannot be watched.
  void wait(std::uint32_t events, ready_handler&, time_point deadline, on_stop) noexcept;

  /// Of the wait that is under way, if there is one.
  void change_deadline(time_point deadline) noexcept { deadline_ = deadline; }

  /// Ends the wait that is under way, if there is one, with std::errc::interrupted.
  void interrupt() noexcept;

 protected:
  bool is_ready(std::uint32_t events) const noexcept { return (ready_ & events) != 0; }
  /// Forgets these events after EAGAIN; the next edge restores them.
  void clear_ready(std::uint32_t events) noexcept { ready_ &= ~events; }
  /// Stops watching, and releases ownership of the descriptor.
  unique_descriptor release() noexcept;

 private:
  friend class context;
  template <class>
  friend class intrusive_list;

  void on_events(std::uint32_t events);
  void end_wait(std::errc reason) noexcept;
  void take_turn();

  context* owner_;
  ready_handler* handler_ = nullptr; // of the wait that is under way
  time_point deadline_ = never;
  std::uint32_t awaited_ = 0; // events that end the wait
  std::uint32_t ready_ = 0;   // events that have come
  std::errc reason_{};        // why the wait has ended, if not because something is ready
  unique_descriptor descriptor_;
  on_stop on_stop_ = on_stop::wait;
  bool registered_ = false;
  bool queued_ = false; // the wait is over, and the handler will be called
};

/// A wait by `co_await`, like watched_descriptor::wait().
class [[nodiscard]] readiness final : private ready_handler {
 public:
  readiness(
      watched_descriptor& of, std::uint32_t events, time_point deadline, on_stop, std::error_code& error) noexcept;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept;
  void await_resume() const noexcept {}

 private:
  void on_ready(std::error_code error) override;

  watched_descriptor& of_;
  std::uint32_t events_;
  on_stop on_stop_;
  time_point deadline_;
  std::error_code& error_;
  std::coroutine_handle<> coroutine_;
};

} // namespace revecho::async
