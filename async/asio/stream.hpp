// A stream connection, of TCP or UNIX, on asio.
#pragma once

#include "async/asio/context.hpp"
#include "shared/net/address.hpp"
#include "shared/net/descriptor.hpp"
#include "shared/net/socket.hpp"
#include "shared/process/clock.hpp"

#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace revecho::async {

using stream_socket = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;

/// Effect of context::stop() on a wait under way.
enum class on_stop : std::uint8_t {
  end,  ///< ends it, with std::errc::operation_canceled, once nothing more is there to be read
  wait, ///< nothing: what has begun may be finished
};

/// Errors are std::error_code: std::errc::timed_out for a deadline, the system's for the rest.
class stream {
 public:
  /// Takes a non-blocking socket. If it cannot be watched, the first operation says so. Throws std::bad_alloc.
  stream(context& owner, unique_descriptor socket, const socket_address& peer);
  stream(stream&&) noexcept;
  ~stream();

  /// Connects a socket that is only open so far.
  awaitable<void> connect(time_point deadline, std::error_code& error);

  /// Ends the operation that is under way, if there is one, with std::errc::operation_canceled.
  void cancel() noexcept;

  /// Waits for bytes, and returns what is there: at most limits::read_buffer bytes, none at the end of the stream. The
  /// bytes may be changed, and are valid until the next read_some(). While waiting it holds a small buffer only.
  awaitable<std::span<char>> read_some(time_point deadline, on_stop, std::error_code& error);

  /// Sends all pieces in order, in one call if the peer takes them; it has until the deadline to do so. At most two.
  awaitable<void> write_all(std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error);

  awaitable<void> sleep_for(std::chrono::nanoseconds duration);

  /// Half-close: the peer sees the end of the stream after everything sent. Errors show at the next read.
  void shutdown_send() noexcept;

  /// Just accepted: how long it waited in the backlog, in whole milliseconds.
  std::optional<std::chrono::milliseconds> time_in_backlog() const noexcept;

  /// Of an accepted connection: see peer_name().
  std::string peer() const;

  /// Makes peer() name the one for whom a proxy speaks.
  void set_peer(const socket_address& client) noexcept;

 private:
  awaitable<void> write_rest(unsent_pieces rest, time_point deadline, std::error_code& error);

  struct connection; // stays where it is, so that operations can refer to it
  std::unique_ptr<connection> connection_;
};

} // namespace revecho::async
