// A stream connection, of TCP or UNIX, with blocking calls.
#pragma once

#include "sync/blocking/blocking_call.hpp"
#include "shared/net/address.hpp"
#include "shared/net/descriptor.hpp"
#include "shared/process/clock.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace revecho::sync {

/// Errors are std::error_code: std::errc::timed_out for a deadline, the system's for the rest.
class stream final : public blocking_call {
 public:
  stream(context& owner, unique_descriptor socket, const socket_address& peer) noexcept;
  stream(stream&&) noexcept = default;

  /// Waits for bytes, and returns what is there: at most limits::read_buffer bytes, none at the end of the stream. The
  /// bytes may be changed, and are valid until the next read_some(). Throws std::bad_alloc.
  std::span<char> read_some(time_point deadline, on_stop, std::error_code& error);

  /// Sends all pieces in order, in one call if the peer takes them; it has until the deadline to do so. At most two.
  void write_all(std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error);

  void sleep_for(std::chrono::nanoseconds duration);

  /// Half-close: the peer sees the end of the stream after everything sent. Errors show at the next read.
  void shutdown_send() noexcept;

  /// Just accepted: how long it waited in the backlog, in whole milliseconds.
  std::optional<std::chrono::milliseconds> time_in_backlog() const noexcept;

  /// Of an accepted connection: see peer_name().
  std::string peer() const;

  /// Makes peer() name the one for whom a proxy speaks.
  void set_peer(const socket_address& client) noexcept { peer_ = client; }

 private:
  unique_descriptor socket_;
  std::unique_ptr<char[]> buffer_;
  socket_address peer_;
};

} // namespace revecho::sync
