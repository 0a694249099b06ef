#include "sync/blocking/stream.hpp"

#include "sync/blocking/context.hpp"
#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"
#include "shared/options/limits.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace revecho::sync {

stream::stream(context& owner, unique_descriptor socket, const socket_address& peer) noexcept
    : blocking_call(owner), socket_(std::move(socket)), peer_(peer) {}

std::span<char> stream::read_some(time_point deadline, on_stop when_stopped, std::error_code& error) {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(limits::read_buffer);
  error.clear();
  ssize_t count = -1;
  while (count < 0 && !error) {
    const bool leaving = owner().stopping() && when_stopped == on_stop::end;
    arm(deadline, when_stopped);
    error = reason_to_end(); // a peer that sends without a pause never lets a signal interrupt the call
    if (error) break;
    count = ::recv(socket_.get(), buffer_.get(), limits::read_buffer, leaving ? MSG_DONTWAIT : 0);
    if (count < 0) error = errno == EINTR ? reason_to_end() : last_error();
    if (leaving && would_block(error)) error = std::make_error_code(std::errc::operation_canceled);
  }
  disarm();
  if (error) return {};
  return {buffer_.get(), static_cast<std::size_t>(count)};
}

void stream::write_all(std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) {
  unsent_pieces rest(pieces);
  error.clear();
  arm(deadline, on_stop::wait);
  while (!error && !rest.empty()) {
    const ssize_t count = rest.send(socket_.get(), 0);
    if (count < 0 && errno != EINTR) error = last_error();
    if (!error && !rest.empty()) error = reason_to_end();
  }
  disarm();
}

void stream::sleep_for(std::chrono::nanoseconds duration) { owner().sleep_for(duration); }

std::optional<std::chrono::milliseconds> stream::time_in_backlog() const noexcept {
  return revecho::time_in_backlog(socket_.get());
}

std::string stream::peer() const { return peer_name(socket_.get(), peer_); }

void stream::shutdown_send() noexcept { ::shutdown(socket_.get(), SHUT_WR); }

} // namespace revecho::sync
