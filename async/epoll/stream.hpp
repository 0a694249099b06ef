// A stream connection, of TCP or UNIX, on the epoll engine, for coroutines and for callbacks.
#pragma once

#include "async/epoll/context.hpp"
#include "async/epoll/watched_descriptor.hpp"
#include "shared/net/address.hpp"
#include "shared/net/socket.hpp"

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace revecho::async {

class read_operation;
class write_operation;

/// A stream connection. Errors are std::error_code: std::errc::timed_out for a deadline, the system's for the rest.
class stream final : public watched_descriptor {
 public:
  stream(context& owner, unique_descriptor socket, const socket_address& peer) noexcept;
  stream(stream&&) noexcept = default;
  ~stream();

  /// Waits for bytes, and returns what is there: at most limits::read_buffer bytes, none at the end of the stream. The
  /// bytes may be changed, and are valid until the next read_some(). No buffer is held while waiting.
  read_operation read_some(time_point deadline, on_stop, std::error_code& error) noexcept;

  /// Sends all pieces in order, in one call if the peer takes them; it has until the deadline to do so. At most two.
  write_operation write_all(
      std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) noexcept;

  /// Sends what the peer takes at once, and returns how much that was. Does not wait, not even for a read_some() that
  /// is under way. `error` stays empty when the peer takes nothing.
  std::size_t send_now(std::span<const char> bytes, std::error_code& error) noexcept;

  /// The same as read_some(), without waiting: std::errc::operation_would_block if nothing is there.
  std::span<char> read_now(std::error_code& error) noexcept;

  /// The same. `lay_for`: see receive_stamped(); the connection has to have stamps.
  std::span<char> read_now(std::error_code& error, std::optional<std::chrono::nanoseconds>& lay_for) noexcept;
  bool stamp_arrivals() noexcept { return revecho::stamp_arrivals(descriptor()); }

  /// Waits like read_some(), but calls the handler, once, when there is something for read_now(). A tool
  /// with thousands of connections keeps the state of each in one place this way, and not in a chain of coroutines.
  void call_when_readable(ready_handler&, time_point deadline, on_stop) noexcept;
  void call_when_ready(ready_handler&, time_point deadline, on_stop) noexcept; ///< for either of them

  awaitable<void> sleep_for(std::chrono::nanoseconds duration) { return owner().sleep_for(duration); }

  /// Half-close: the peer sees the end of the stream after everything sent. Errors show at the next read.
  void shutdown_send() noexcept;

  /// The connection will end with a reset: nothing under way arrives, and its port is free at once.
  void reset_on_close() noexcept { revecho::reset_on_close(descriptor()); }

  /// Just accepted: how long it waited in the backlog, in whole milliseconds.
  std::optional<std::chrono::milliseconds> time_in_backlog() const noexcept {
    return revecho::time_in_backlog(descriptor());
  }

  const socket_address& remote_address() const noexcept { return peer_; }
  socket_address local_address(std::error_code& error) const noexcept {
    return revecho::local_address(descriptor(), error);
  }

  /// Of an accepted connection: see peer_name().
  std::string peer() const { return peer_name(descriptor(), peer_); }

  /// Makes peer() name the one for whom a proxy speaks.
  void set_peer(const socket_address& client) noexcept { peer_ = client; }

 private:
  friend class write_operation;
  void release_buffer() noexcept;
  template <class Receive>
  std::span<char> read_by(Receive receive, std::error_code& error) noexcept;
  void send_pieces(unsent_pieces&, std::error_code& error) noexcept;

  std::unique_ptr<char[]> buffer_; // lent by the context from one read_some() to the next
  socket_address peer_;
};

/// Result of read_some(), for `co_await`.
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

/// Result of write_all(), for `co_await`. Tries first, and waits only when the peer is behind.
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
  unsent_pieces rest_;
};

} // namespace revecho::async
