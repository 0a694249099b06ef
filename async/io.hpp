// The I/O vocabulary of the async twin: coroutines on event loops. sync/io.hpp has the same words for blocking calls;
// session, server and client are written in these words alone.
//
// One `context` is one event loop, run by one thread; everything that belongs to it is touched by that thread only, so
// nothing here is locked. stop() and abort() may be called from any thread.
#pragma once

#include "async/epoll/coroutine.hpp"
#include "async/epoll/list_node.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/options/limits.hpp"
#include "shared/options/server_options.hpp"
#include "shared/process/clock.hpp"

#include <asio/basic_waitable_timer.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>

#include <sys/epoll.h>
#include <sys/uio.h>

#include <array>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace revecho::async {

/// The programs that are this text on this engine.
inline constexpr const char* server_name = "revecho-async-server";
inline constexpr const char* client_name = "revecho-async-client";

class context;

// --- timers ----------------------------------------------------------------------------------------------------------

// The executor by its type, and not asio's type-erased default, which is larger.
using executor = asio::io_context::executor_type;
using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

/// Waits, by `co_await`, until the timer expires or is cancelled. Throws std::bad_alloc.
class expiry_of {
 public:
  explicit expiry_of(timer& awaited) noexcept : timer_(awaited) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    timer_.async_wait([coroutine](std::error_code) { coroutine.resume(); });
  }
  void await_resume() const noexcept {}

 private:
  timer& timer_;
};

// --- connections -----------------------------------------------------------------------------------------------------

/// A descriptor that is closed with its owner.
class unique_descriptor {
 public:
  explicit unique_descriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  unique_descriptor(unique_descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  unique_descriptor& operator=(unique_descriptor&&) = delete;
  ~unique_descriptor() { close(); }
  int get() const noexcept { return descriptor_; }
  void close() noexcept;

 private:
  int descriptor_;
};

/// What context::stop() does to a wait that is under way.
enum class on_stop : std::uint8_t {
  end,  ///< ends it, with std::errc::operation_canceled, once nothing more is there to be read
  wait, ///< nothing: what has begun may be finished
};

/// Who waits for a descriptor.
class ready_handler {
 public:
  /// Comes from the event loop, once for each wait. `error`: why the wait has ended, if it is not that something is
  /// ready. What was waited for may be destroyed here.
  virtual void on_ready(std::error_code error) = 0;

 protected:
  ready_handler() = default;
  ready_handler(const ready_handler&) = default;
  ready_handler& operator=(const ready_handler&) = default;
  ~ready_handler() = default;
};

/// A descriptor, and a wait for it that a deadline or stop() can end. Waiting allocates nothing, and starts no timer.
///
/// It is registered with its context's epoll once, edge-triggered, for reading and writing; from then on the kernel
/// says when something has changed, and nothing has to be asked for again. asio's own sockets pay a system call for
/// every wait, which is why these are not among them. The context keeps those that wait in a list, and looks at the
/// deadlines of all once a tick.
class waiter : private list_node {
 public:
  waiter(context& owner, unique_descriptor descriptor) noexcept;
  /// Precondition: it has not waited yet. From its first wait on it must not move.
  waiter(waiter&&) noexcept;
  waiter& operator=(waiter&&) = delete;
  ~waiter();

  context& owner() const noexcept { return *owner_; }
  int descriptor() const noexcept { return descriptor_.get(); }

  /// Calls the handler when one of the events of epoll has come and nothing since has shown it to be over; without any
  /// event, when the others have had their turn. Nobody else may be waiting. Errors come through the handler:
  /// std::errc::timed_out for the deadline, operation_canceled for stop(), interrupted, or why the descriptor cannot be
  /// watched.
  void wait(std::uint32_t events, ready_handler&, time_point deadline, on_stop) noexcept;

  /// Of the wait that is under way, if there is one.
  void change_deadline(time_point deadline) noexcept { deadline_ = deadline; }

  /// Ends the wait that is under way, if there is one, with std::errc::interrupted.
  void interrupt() noexcept;

 protected:
  bool has(std::uint32_t events) const noexcept { return (ready_ & events) != 0; }
  /// It has been tried, and there is nothing more.
  void is_over(std::uint32_t events) noexcept { ready_ &= ~events; }
  /// Waits no more, and is not watched any more.
  unique_descriptor take_descriptor() noexcept;

 private:
  friend class context;
  void on_events(std::uint32_t events);
  void end_wait(std::errc reason) noexcept;
  void take_turn();

  context* owner_;
  ready_handler* handler_ = nullptr; // of the wait that is under way
  time_point deadline_ = never;
  std::uint32_t awaited_ = 0; // events that end the wait
  std::uint32_t ready_ = 0;   // events that have come
  std::errc reason_{};        // why the wait has ended, if it is not that something is ready
  unique_descriptor descriptor_;
  on_stop on_stop_ = on_stop::wait;
  bool registered_ = false;
  bool queued_ = false; // the wait is over, and the handler's turn will come
};

/// Waits, by `co_await`, like waiter::wait().
class [[nodiscard]] readiness final : private ready_handler {
 public:
  readiness(waiter& of, std::uint32_t events, time_point deadline, on_stop, std::error_code& error) noexcept;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept;
  void await_resume() const noexcept {}

 private:
  void on_ready(std::error_code error) override;

  waiter& of_;
  std::uint32_t events_;
  on_stop on_stop_;
  time_point deadline_;
  std::error_code& error_;
  std::coroutine_handle<> coroutine_;
};

class read_operation;
class write_operation;

/// A TCP connection. Errors are std::error_code: std::errc::timed_out for a deadline, the system's for the rest.
class stream final : public waiter {
 public:
  stream(context& owner, unique_descriptor socket, asio::ip::tcp::endpoint peer) noexcept;
  stream(stream&&) noexcept = default;
  ~stream();

  /// Waits for bytes, and returns what is there: at most limits::read_buffer bytes, none at the end of the stream. The
  /// bytes may be changed, and are valid until the next read_some(). No buffer is held while waiting.
  read_operation read_some(time_point deadline, on_stop, std::error_code& error) noexcept;

  /// Sends all pieces in order, in one call if the peer takes them; it has until the deadline to do so.
  write_operation write_all(
      std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) noexcept;

  /// Sends what the peer takes at once, and returns how much that was. Does not wait, also not for a read_some() that
  /// is under way. `error` stays empty when the peer takes nothing.
  std::size_t send_now(std::span<const char> bytes, std::error_code& error) noexcept;

  /// What read_some() returns, if it is there already; else std::errc::operation_would_block.
  std::span<char> read_now(std::error_code& error) noexcept;

  /// Waits like read_some(), but calls the handler, once, when there is something for read_now() or send_now(). A tool
  /// with thousands of connections has it all in one place in memory this way, and not in a chain of coroutines.
  void call_when_readable(ready_handler&, time_point deadline, on_stop) noexcept;
  void call_when_writable(ready_handler&, time_point deadline, on_stop) noexcept;

  awaitable<void> sleep_for(std::chrono::nanoseconds duration);

  /// Half-close: the peer sees the end of the stream behind everything sent. Errors show at the next read.
  void shutdown_send() noexcept;

  /// The connection will end with a reset: nothing that is under way arrives, and its port is free at once.
  void reset_on_close() noexcept;

  /// "127.0.0.1:50000"
  std::string peer() const;

 private:
  friend class write_operation;
  friend awaitable<std::optional<stream>> connect(context&, const endpoint&, time_point deadline,
      std::error_code& error, const std::optional<asio::ip::address>& from);
  stream renewed() noexcept;
  void release_buffer() noexcept;
  void send_pieces(std::span<iovec> pieces, std::error_code& error) noexcept;

  std::unique_ptr<char[]> buffer_; // lent by the context from one read_some() to the next
  asio::ip::tcp::endpoint peer_;
};

/// What read_some() returns, for `co_await`.
class [[nodiscard]] read_operation final : private ready_handler {
 public:
  read_operation(stream& from, time_point deadline, on_stop, std::error_code& error) noexcept;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept;
  std::span<char> await_resume() const noexcept { return bytes_; }

 private:
  void on_ready(std::error_code error) override;

  stream& from_;
  time_point deadline_;
  std::error_code& error_;
  std::coroutine_handle<> coroutine_;
  std::span<char> bytes_;
  on_stop on_stop_;
};

/// What write_all() returns, for `co_await`. Tries first, and waits only when the peer is behind.
class [[nodiscard]] write_operation final : private ready_handler {
 public:
  write_operation(
      stream& to, std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) noexcept;

  bool await_ready() noexcept { return is_done(); }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept;
  void await_resume() const noexcept {}

 private:
  void on_ready(std::error_code error) override;
  bool is_done() noexcept;

  stream& to_;
  time_point deadline_;
  std::error_code& error_;
  std::coroutine_handle<> coroutine_;
  std::array<iovec, 2> rest_;
};

/// Connects to the first address of the endpoint that answers. `error`: the last address's, or the resolver's. With
/// `from`, from that address of this machine; its ports may be in use towards other destinations at the same time.
awaitable<std::optional<stream>> connect(context&, const endpoint&, time_point deadline, std::error_code& error,
    const std::optional<asio::ip::address>& from = std::nullopt);

/// A listening socket of one event loop.
class listener final : private waiter {
 public:
  listener(context& owner, unique_descriptor socket, int backlog) noexcept;

  /// The next connection. `error`: std::errc::operation_canceled after stop() once the backlog is empty, or what it can
  /// hold has been taken; else why accept() failed, and that may pass. A connection that is gone before it is accepted
  /// is no error.
  awaitable<std::optional<stream>> accept(std::error_code& error);

  awaitable<void> sleep_for(std::chrono::nanoseconds duration);

  /// Listens no more.
  void close() noexcept;

  /// Starts task(arguments…) beside everything else. Throws std::bad_alloc. The task must not throw.
  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments);

 private:
  int in_a_row_ = 0; // connections accepted without a look at the others
  int left_;         // to be accepted after stop()
};

/// One event loop: asio's, for timers, names and calls from other threads; to it all descriptors that are waited for
/// are one, that of their own epoll.
class context {
 public:
  /// `shortest_timeout`: of the deadlines that will be used; they are met at most an eighth of it late. Zero: none.
  /// Throws std::system_error, std::runtime_error.
  explicit context(std::chrono::nanoseconds shortest_timeout);
  /// What is still suspended is destroyed.
  ~context();
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  executor get_executor() noexcept { return loop_.get_executor(); }

  /// Runs main() and all that it awaits in this thread, and returns when main() does; what it throws comes out here.
  void run(const std::function<awaitable<void>()>& main);

  /// Runs what was spawned in this thread, until all of it has ended or abort() was called.
  void run();

  /// Ends every wait with on_stop::end, now and from now on. Any thread.
  void stop();

  /// Makes run() return, whatever is still going on; that is dropped with the context. Any thread.
  void abort() noexcept { loop_.stop(); }

  /// Starts task(arguments…), which runs in here until it first waits. Throws std::bad_alloc. The task must not throw,
  /// and is a function that makes a coroutine: a lambda that is one itself would be gone before it.
  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments);

  awaitable<void> sleep_for(std::chrono::nanoseconds duration);

 private:
  friend class waiter;
  friend class stream;
  friend class listener;

  static constexpr std::size_t events_at_once = 256; // taken from the kernel

  awaitable<void> run_main(const std::function<awaitable<void>()>& main, std::exception_ptr& failure);
  void check_timers();
  void await_events();
  void handle_events();
  void forget(const waiter&) noexcept;
  void call_ready_handlers();
  void await_tick();
  void tick();
  void end_waits_on_stop();
  std::unique_ptr<char[]> borrow_buffer() noexcept;
  void return_buffer(std::unique_ptr<char[]>) noexcept;

  std::chrono::nanoseconds tick_;
  list_node tasks_;                              // promises of what was spawned and has not ended
  list_node waiters_;                            // that have waited, and may be waiting
  list_node ready_;                              // waiters whose handlers are to be called
  list_node end_of_round_;                       // in ready_, while they are
  std::vector<std::unique_ptr<char[]>> buffers_; // not lent at the moment
  std::array<epoll_event, events_at_once> event_buffer_;
  std::span<epoll_event> events_; // that have not been handled yet
  bool tick_awaited_ = false;
  bool events_awaited_ = false;
  bool stopping_ = false;
  asio::io_context loop_{1};
  asio::executor_work_guard<executor> work_{loop_.get_executor()}; // nothing but abort() stops it
  asio::posix::basic_stream_descriptor<executor> epoll_;           // of all waiters
  timer ticker_;
};

/// Tasks that run at the same time, at most `limit` of them, and whose end can be awaited.
class task_group {
 public:
  task_group(context& owner, std::size_t limit);

  /// Starts task(arguments…), after waiting for a place.
  template <class Task, class... Arguments>
  awaitable<void> spawn(Task task, Arguments... arguments);

  /// Waits until all have ended. Throws what the first of them threw, if any did.
  awaitable<void> join();

 private:
  awaitable<void> run(awaitable<void> task);
  awaitable<void> wait_below(std::size_t running);

  context& owner_;
  std::size_t limit_;
  std::size_t running_ = 0;
  std::exception_ptr failure_;
  suspension changed_;
};

/// What serves: `--threads` event loops, each in a thread of its own with its own listening sockets.
class runtime {
 public:
  explicit runtime(const server_options&);
  ~runtime();

  /// Listens everywhere; returns where, with the real ports. Throws std::system_error naming the endpoint.
  std::vector<endpoint> listen(const server_options&);

  /// Runs accept_loop on every listener. `on_finished` is called, in some thread, when stop() has let all of it end.
  void start(const std::function<awaitable<void>(listener&)>& accept_loop, const std::function<void()>& on_finished);

  /// How many it holds, listening, without any connection.
  std::size_t descriptors() const noexcept;

  void stop();
  void abort();

 private:
  struct worker {
    explicit worker(std::chrono::nanoseconds shortest_timeout) : loop(shortest_timeout) {}
    context loop;
    std::vector<std::unique_ptr<listener>> listeners;
    std::thread thread;
  };
  std::vector<std::unique_ptr<worker>> workers_;
  std::atomic<std::size_t> running_ = 0;
};

template <class Task, class... Arguments>
void context::spawn(Task task, Arguments&&... arguments) {
  const auto coroutine = task(std::forward<Arguments>(arguments)...).release();
  coroutine.promise().append_to(tasks_);
  coroutine.resume();
}

template <class Task, class... Arguments>
void listener::spawn(Task task, Arguments&&... arguments) {
  owner().spawn(std::move(task), std::forward<Arguments>(arguments)...);
}

template <class Task, class... Arguments>
awaitable<void> task_group::spawn(Task task, Arguments... arguments) {
  co_await wait_below(limit_);
  owner_.spawn([&] { return run(task(arguments...)); });
}

} // namespace revecho::async
