// The I/O vocabulary of the async twin: coroutines on event loops. sync/io.hpp has the same words for blocking calls;
// session, server and client are written in these words alone.
//
// One `context` is one event loop, run by one thread; everything that belongs to it is touched by that thread only, so
// nothing here is locked. stop() and abort() may be called from any thread.
#pragma once

#include "shared/clock.hpp"
#include "shared/endpoint.hpp"
#include "shared/limits.hpp"
#include "shared/server_options.hpp"

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>
#include <asio/use_awaitable.hpp>

#include <sys/epoll.h>
#include <sys/uio.h>

#include <atomic>
#include <chrono>
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

// The executor by its type, and not asio's type-erased default: 336 bytes less for each idle connection.
using executor = asio::io_context::executor_type;
template <class T>
using awaitable = asio::awaitable<T, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;
using timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

/// A coroutine that is suspended until it is called. Destroying it destroys the coroutine.
using suspended_coroutine = asio::async_result<asio::use_awaitable_t<executor>, void()>::handler_type;

class context;

/// Suspends the calling coroutine until somebody takes it from there and calls it.
awaitable<void> suspend_in(std::optional<suspended_coroutine>& place);

/// A descriptor that is closed with its owner.
class unique_descriptor {
 public:
  explicit unique_descriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  unique_descriptor(unique_descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  unique_descriptor& operator=(unique_descriptor&&) = delete;
  ~unique_descriptor();
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

/// What context::stop() does to a wait that is under way.
enum class on_stop {
  end,  ///< ends it, with std::errc::operation_canceled, once nothing more is there to be read
  wait, ///< nothing: what has begun may be finished
};

/// A wait that a deadline or stop() can end. The context keeps these in a list, and looks at all of them once a tick:
/// setting a deadline is two stores, and no timer is started.
class waiter {
 public:
  explicit waiter(context& owner) noexcept : owner_(&owner) {}
  waiter(waiter&&) noexcept;
  waiter& operator=(waiter&&) = delete;

  context& owner() const noexcept { return *owner_; }

 protected:
  ~waiter();
  /// From here to disarm() the wait may be cancelled. From the first call on, the object must not move.
  void arm(time_point deadline, on_stop);
  void disarm() noexcept { armed_ = false; }
  void change_deadline(time_point deadline) noexcept { deadline_ = deadline; }
  /// Takes the object out of the list before it is destroyed.
  void leave() noexcept;
  bool expired() const noexcept { return coarse_clock::now() >= deadline_; }

 private:
  friend class context;
  virtual void cancel() noexcept = 0;

  context* owner_;
  waiter* previous_ = nullptr; // in the context's list; null when not linked
  waiter* next_ = nullptr;
  time_point deadline_ = never;
  on_stop on_stop_ = on_stop::wait;
  bool armed_ = false;
};

/// Who waits for a stream without a coroutine.
class ready_handler {
 public:
  /// Comes from the event loop. `error`: of the wait, as read_some() would have it; the stream may be destroyed here.
  virtual void on_ready(std::error_code error) = 0;

 protected:
  ~ready_handler() = default;
};

/// A TCP connection. Errors are std::error_code: std::errc::timed_out for a deadline, the system's for the rest.
///
/// It is registered with its context's epoll once, edge-triggered, for reading and writing; from then on the kernel
/// says when something has changed, and nothing has to be asked for again. asio's own sockets pay a system call for
/// every wait, which is why these are not among them.
class stream final : public waiter {
 public:
  stream(context& owner, unique_descriptor socket, asio::ip::tcp::endpoint peer) noexcept;
  stream(stream&&) noexcept = default;
  ~stream();

  /// Waits for bytes, and returns what is there: at most limits::read_buffer bytes, none at the end of the stream. The
  /// bytes may be changed, and are valid until the next read_some(). No buffer is held while waiting.
  awaitable<std::span<char>> read_some(time_point deadline, on_stop, std::error_code& error);

  /// Sends all pieces in order, in one call if the peer takes them; it has until the deadline to do so.
  awaitable<void> write_all(std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error);

  /// Sends what the peer takes at once, and returns how much that was. Does not wait, also not for a read_some() that
  /// is under way. `error` stays empty when the peer takes nothing.
  std::size_t send_now(std::span<const char> bytes, std::error_code& error);

  /// What read_some() returns, if it is there already; else std::errc::operation_would_block.
  std::span<char> read_now(std::error_code& error);

  /// Waits like read_some(), but calls the handler, once, when there is something for read_now() or send_now(). A tool
  /// with thousands of connections has it all in one place in memory this way, and not in a chain of coroutines.
  void call_when_readable(ready_handler&, time_point deadline, on_stop);
  void call_when_writable(ready_handler&, time_point deadline, on_stop);

  /// Changes the deadline of the wait that is under way, if there is one.
  using waiter::change_deadline;

  /// Ends the wait that is under way, if there is one, with std::errc::interrupted.
  void interrupt() noexcept;

  awaitable<void> sleep_for(std::chrono::nanoseconds duration);

  /// Half-close: the peer sees the end of the stream behind everything sent. Errors show at the next read.
  void shutdown_send() noexcept;

  /// The connection will end with a reset: nothing that is under way arrives, and its port is free at once.
  void reset_on_close() noexcept;

  /// "127.0.0.1:50000"
  std::string peer() const;

 private:
  friend class context;
  friend awaitable<std::optional<stream>> connect(context&, const endpoint&, time_point deadline,
      std::error_code& error, const std::optional<asio::ip::address>& from);
  awaitable<void> wait_for(std::uint32_t event, time_point deadline, on_stop, std::error_code& error);
  void call_when(std::uint32_t event, ready_handler&, time_point deadline, on_stop);
  void post_ready(ready_handler&, std::error_code error = {});
  bool begin_wait(std::uint32_t event, time_point deadline, on_stop, std::error_code& error);
  awaitable<void> suspend();
  void end_wait(std::error_code& error);
  stream renewed();
  std::size_t send_pieces(std::span<iovec> pieces, std::error_code& error);
  void on_events(std::uint32_t events);
  void cancel() noexcept override;

  unique_descriptor socket_;
  std::unique_ptr<char[]> buffer_;               // lent by the context from one read_some() to the next
  std::optional<suspended_coroutine> suspended_; // this one waits,
  ready_handler* handler_ = nullptr;             // or this
  std::uint32_t awaited_ = 0;                    // epoll events that end the wait
  std::uint32_t ready_ = 0; // epoll events that have come, and that nothing since has shown to be over
  bool registered_ = false;
  bool canceled_ = false;
  bool interrupted_ = false;
  asio::ip::tcp::endpoint peer_;
};

/// Connects to the first address of the endpoint that answers. `error`: the last address's, or the resolver's. With
/// `from`, from that address of this machine; its ports may be in use towards other destinations at the same time.
awaitable<std::optional<stream>> connect(context&, const endpoint&, time_point deadline, std::error_code& error,
    const std::optional<asio::ip::address>& from = std::nullopt);

/// A listening socket of one event loop.
class listener final : public waiter {
 public:
  listener(context& owner, tcp_acceptor acceptor, int backlog) noexcept;

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
  void cancel() noexcept override;

  tcp_acceptor acceptor_;
  int in_a_row_ = 0; // connections accepted without a look at the others
  int left_;         // to be accepted after stop()
};

/// One event loop.
class context {
 public:
  /// `shortest_timeout`: of the deadlines that will be used; they are met at most an eighth of it late. Zero: none.
  /// Throws std::system_error.
  explicit context(std::chrono::nanoseconds shortest_timeout);
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

  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments);

  awaitable<void> sleep_for(std::chrono::nanoseconds duration);

 private:
  friend class waiter;
  friend class stream;
  friend class listener;

  void link(waiter&);
  void wait_for_events();
  void handle_events();
  void forget(const stream&) noexcept;
  bool is_done() const noexcept { return stopping_ && first_ == nullptr; }
  void quit() noexcept;
  void unlink(waiter&) noexcept;
  void tick();
  void wait_for_tick();
  std::unique_ptr<char[]> borrow_buffer();
  void return_buffer(std::unique_ptr<char[]>) noexcept;

  std::chrono::nanoseconds tick_;
  waiter* first_ = nullptr;
  std::vector<std::unique_ptr<char[]>> buffers_; // not lent at the moment
  bool ticking_ = false;
  bool tick_awaited_ = false;   // ticking_, and the wait for the next one has begun
  bool events_awaited_ = false; // likewise
  bool stopping_ = false;
  std::span<epoll_event> events_;                        // being handled
  asio::io_context loop_{1};                             // behind what the coroutines use that it destroys
  asio::posix::basic_stream_descriptor<executor> epoll_; // of all streams; itself one descriptor for asio's
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
  awaitable<void> wait_below(std::size_t running);

  context& owner_;
  std::size_t limit_;
  std::size_t running_ = 0;
  std::exception_ptr failure_;
  timer changed_; // never expires; cancelled to wake the one that waits
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
  // The tasks catch what they throw; should one not, the exception leaves run() and ends the program loudly.
  asio::co_spawn(get_executor(), task(std::forward<Arguments>(arguments)...), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

template <class Task, class... Arguments>
void listener::spawn(Task task, Arguments&&... arguments) {
  owner().spawn(std::move(task), std::forward<Arguments>(arguments)...);
}

template <class Task, class... Arguments>
awaitable<void> task_group::spawn(Task task, Arguments... arguments) {
  co_await wait_below(limit_);
  ++running_;
  const auto ended = [this](const std::exception_ptr& failure) {
    --running_;
    if (!failure_) failure_ = failure;
    changed_.cancel();
  };
  asio::co_spawn(owner_.get_executor(), task(arguments...), ended);
}

} // namespace revecho::async
