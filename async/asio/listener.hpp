// A listening socket of one event loop, on asio.
#pragma once

#include "async/asio/cancellable.hpp"
#include "async/asio/stream.hpp"
#include "shared/net/descriptor.hpp"

#include <asio/basic_socket_acceptor.hpp>

#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

namespace revecho::async {

class listener final : public cancellable {
 public:
  /// Takes a listening, non-blocking socket. Throws std::system_error.
  listener(context& owner, unique_descriptor socket, int backlog);

  /// The next connection. `error`: std::errc::operation_canceled after stop() once the backlog is empty, or what it can
  /// hold has been taken; else why accept() failed, and that may pass. A connection that is gone before it is accepted
  /// is no error. Throws std::bad_alloc.
  awaitable<std::optional<stream>> accept(std::error_code& error);

  /// Has stop() come?
  bool stopping() const noexcept { return owner().stopping(); }

  awaitable<void> sleep_for(std::chrono::nanoseconds duration) { return owner().sleep_for(duration); }

  /// Listens no more.
  void close() noexcept;

  /// Starts task(arguments…) beside everything else. Throws std::bad_alloc. The task must not throw.
  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments) {
    owner().spawn(std::move(task), std::forward<Arguments>(arguments)...);
  }

 private:
  void cancel() noexcept override;

  asio::basic_socket_acceptor<asio::generic::stream_protocol, executor> acceptor_;
  int in_a_row_ = 0; // connections accepted without a look at the others
  int left_;         // to be accepted after stop()
};

} // namespace revecho::async
