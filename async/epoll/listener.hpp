// A listening socket of one event loop, on the epoll engine.
#pragma once

#include "async/epoll/stream.hpp"
#include "async/epoll/watched_descriptor.hpp"

#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

namespace revecho::async {

class listener final : private watched_descriptor {
 public:
  /// Takes a listening, non-blocking socket.
  listener(context& owner, unique_descriptor socket, int backlog) noexcept;

  /// The next connection. `error`: std::errc::operation_canceled after stop() once the backlog is empty, or what it can
  /// hold has been taken; else why accept() failed, and that may pass. A connection that is gone before it is accepted
  /// is no error.
  awaitable<std::optional<stream>> accept(std::error_code& error);

  /// Has stop() come?
  bool stopping() const noexcept { return owner().stopping(); }

  awaitable<void> sleep_for(std::chrono::nanoseconds duration) { return owner().sleep_for(duration); }

  /// Listens no more.
  void close() noexcept { release().close(); }

  /// Starts task(arguments…) beside everything else. Throws std::bad_alloc. The task must not throw.
  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments) {
    owner().spawn(std::move(task), std::forward<Arguments>(arguments)...);
  }

 private:
  int in_a_row_ = 0; // connections accepted without a look at the others
  int left_;         // to be accepted after stop()
};

} // namespace revecho::async
