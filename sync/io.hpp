// The I/O vocabulary of the sync twin: blocking calls. async/io.hpp has the same words for coroutines on event loops;
// session, server and client are written in these words alone.
//
// A blocked call is ended from outside by a signal: the context's watch thread looks at all deadlines once a tick, and
// sends SIGURG to a thread that has waited too long, whose call then returns EINTR. (SIGURG, because nothing else uses
// it, and by default it is ignored. Shutting the socket down would also wake the thread, but lose what still arrives.)
// A signal that comes just before the call is lost, so it is sent again every tick until the wait is over.
#pragma once

#include "shared/options/endpoint.hpp"
#include "shared/options/limits.hpp"
#include "shared/options/server_options.hpp"
#include "shared/process/clock.hpp"
#include "shared/process/thread.hpp"

#include <asio/ip/tcp.hpp>

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace revecho::sync {

/// The programs that are this text on this engine.
inline constexpr const char* server_name = "revecho-sync-server";
inline constexpr const char* client_name = "revecho-sync-client";

class context;

/// A descriptor that is closed with its owner.
class unique_descriptor {
 public:
  explicit unique_descriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
  unique_descriptor(unique_descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  unique_descriptor& operator=(unique_descriptor&& other) noexcept;
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

/// A blocking call that a deadline or stop() can end. The context keeps these in a list, and looks at all of them once
/// a tick: setting a deadline is two stores, and no timer is started. One thread waits, the watch thread looks.
class waiter {
 public:
  explicit waiter(context& owner) noexcept : owner_(&owner) {}
  waiter(waiter&&) noexcept;
  waiter& operator=(waiter&&) = delete;

  context& owner() const noexcept { return *owner_; }

 protected:
  ~waiter();
  /// From here to disarm() this thread may be interrupted. From the first call on, the object must not move, and
  /// belongs to this thread.
  void arm(time_point deadline, on_stop);
  void disarm() noexcept { deadline_.store(no_wait, std::memory_order_relaxed); }
  /// After an interruption: why the wait is over, or no error if it is not.
  std::error_code reason_to_end() const noexcept;

 private:
  friend class context;
  static constexpr coarse_clock::rep no_wait = -1;

  context* owner_;
  waiter* previous_ = nullptr; // in the context's list, under its mutex
  waiter* next_ = nullptr;
  bool linked_ = false;
  pthread_t thread_{};
  std::atomic<coarse_clock::rep> deadline_ = no_wait;
  std::atomic<on_stop> on_stop_ = on_stop::wait;
};

/// A TCP connection. Errors are std::error_code: std::errc::timed_out for a deadline, the system's for the rest.
class stream final : public waiter {
 public:
  stream(context& owner, unique_descriptor socket, asio::ip::tcp::endpoint peer) noexcept;
  stream(stream&&) noexcept = default;

  /// Waits for bytes, and returns what is there: at most limits::read_buffer bytes, none at the end of the stream. The
  /// bytes may be changed, and are valid until the next read_some().
  std::span<char> read_some(time_point deadline, on_stop, std::error_code& error);

  /// Sends all pieces in order, in one call if the peer takes them; it has until the deadline to do so.
  void write_all(std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error);

  void sleep_for(std::chrono::nanoseconds duration);

  /// Half-close: the peer sees the end of the stream behind everything sent. Errors show at the next read.
  void shutdown_send() noexcept;

  /// "127.0.0.1:50000"
  std::string peer() const;

 private:
  friend std::optional<stream> connect(context&, const endpoint&, time_point deadline, std::error_code& error);

  unique_descriptor socket_;
  std::unique_ptr<char[]> buffer_;
  asio::ip::tcp::endpoint peer_;
};

/// Connects to the first address of the endpoint that answers. `error`: the last address's, or the resolver's.
std::optional<stream> connect(context&, const endpoint&, time_point deadline, std::error_code& error);

/// What the workers of a runtime share.
struct listening_sockets {
  std::vector<unique_descriptor> descriptors;
  unique_descriptor stop_reader; // readable from stop() on, and never read: it wakes every worker
  unique_descriptor stop_writer;
  std::atomic<std::int64_t> left = 0; // connections to be accepted after stop()
};

/// All listening sockets, as one worker sees them.
class listener {
 public:
  listener(context& owner, listening_sockets& sockets, server_model model) noexcept;

  /// The next connection. `error`: std::errc::operation_canceled after stop() once the backlog is empty, or what it can
  /// hold has been taken; else why accept() failed, and that may pass. A connection that is gone before it is accepted
  /// is no error.
  std::optional<stream> accept(std::error_code& error);

  void sleep_for(std::chrono::nanoseconds duration);

  /// Listens no more. The sockets are the other workers' too: the last one closes them.
  void close() noexcept {}

  /// Starts task(arguments…) in a thread of its own, or in models without one runs it to its end. Throws
  /// std::system_error if there is no thread to be had. The task must not throw.
  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments);

 private:
  std::optional<stream> accept_from(int descriptor, std::error_code& error);

  context& owner_;
  listening_sockets& sockets_;
  server_model model_;
  std::size_t next_ = 0; // of the sockets to be tried, so that none is left behind by a busy one
};

/// The watch thread, and what it watches.
class context {
 public:
  /// `shortest_timeout`: of the deadlines that will be used; they are met at most an eighth of it late. Zero: none.
  explicit context(std::chrono::nanoseconds shortest_timeout);
  /// Precondition: no waiter is left.
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
  friend class waiter;
  void link(waiter&);
  void unlink(waiter&) noexcept;
  void watch();
  void thread_ended() noexcept;

  std::chrono::nanoseconds tick_;
  std::mutex mutex_; // for all that follows and is not atomic
  // One for each reason to wait: there may be a thousand sleepers, and nothing but abort() concerns them.
  std::condition_variable watcher_woken_;
  std::condition_variable sleepers_woken_;
  std::condition_variable all_threads_ended_;
  waiter* first_ = nullptr;
  std::size_t threads_ = 0;
  bool leaving_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> aborted_ = false;
  std::thread watcher_;
};

/// Tasks that the async twin runs at the same time. Here each runs to its end when it is spawned.
class task_group {
 public:
  task_group(context&, std::size_t) noexcept {}

  template <class Task, class... Arguments>
  void spawn(Task task, Arguments... arguments) {
    task(arguments...);
  }

  void join() noexcept {}
};

/// What serves: the worker threads that accept, one or `--threads`, and the threads of their connections.
class runtime {
 public:
  explicit runtime(const server_options&);
  ~runtime();

  /// Listens everywhere; returns where, with the real ports. Throws std::system_error naming the endpoint.
  std::vector<endpoint> listen(const server_options&);

  /// Runs accept_loop in every worker. `on_finished` is called, in some thread, when stop() has let all of it end.
  void start(const std::function<void(listener&)>& accept_loop, const std::function<void()>& on_finished);

  /// How many it holds, listening, without any connection.
  std::size_t descriptors() const noexcept;

  void stop();
  void abort();

 private:
  context context_;
  listening_sockets sockets_;
  server_model model_;
  std::vector<std::thread> workers_;
  std::size_t worker_count_;
  std::atomic<std::size_t> running_ = 0;   // workers that have not ended
  std::atomic<std::size_t> accepting_ = 0; // workers that still accept
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

template <class Task, class... Arguments>
void listener::spawn(Task task, Arguments&&... arguments) {
  if (model_ == server_model::threads) {
    owner_.spawn_thread(std::move(task), std::forward<Arguments>(arguments)...);
  } else {
    task(std::forward<Arguments>(arguments)...);
  }
}

} // namespace revecho::sync
