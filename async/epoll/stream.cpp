#include "async/epoll/stream.hpp"

#include "shared/net/error.hpp"
#include "shared/options/limits.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace revecho::async {
namespace {

// The events after which a read that takes little may have left something: one stops in front of an urgent byte, and at
// the end of the stream there is the end itself.
constexpr std::uint32_t read_to_the_end = EPOLLRDHUP | EPOLLPRI | broken;

} // namespace

stream::stream(context& owner, unique_descriptor socket, const socket_address& peer) noexcept
    : watched_descriptor(owner, std::move(socket)), peer_(peer) {}

stream::~stream() { release_buffer(); }

void stream::release_buffer() noexcept { owner().buffers().give_back(std::move(buffer_)); }

void stream::call_when_readable(ready_handler& handler, time_point deadline, on_stop when_stopped) noexcept {
  release_buffer();
  wait(readable, handler, deadline, when_stopped);
}

void stream::call_when_ready(ready_handler& handler, time_point deadline, on_stop when_stopped) noexcept {
  release_buffer();
  wait(readable | writable, handler, deadline, when_stopped);
}

read_operation stream::read_some(time_point deadline, on_stop when_stopped, std::error_code& error) noexcept {
  return {*this, deadline, when_stopped, error};
}

read_operation::read_operation(stream& from, time_point deadline, on_stop when_stopped, std::error_code& error) noexcept
    : from_(from), deadline_(deadline), error_(error), on_stop_(when_stopped) {}

void read_operation::await_suspend(std::coroutine_handle<> coroutine) noexcept {
  coroutine_ = coroutine;
  from_.call_when_readable(*this, deadline_, on_stop_);
}

// When the server stops, what has arrived is still read.
void read_operation::on_ready(std::error_code error) {
  if (!error || error == std::errc::operation_canceled) {
    bytes_ = from_.read_now(error_);
    if (would_block(error_)) {
      if (!error) return from_.call_when_readable(*this, deadline_, on_stop_);
      error_ = error;
    }
  } else {
    error_ = error;
  }
  coroutine_.resume();
}

std::span<char> stream::read_now(std::error_code& error) noexcept {
  return read_by([&] { return ::recv(descriptor(), buffer_.get(), limits::read_buffer, MSG_DONTWAIT); }, error);
}

std::span<char> stream::read_now(std::error_code& error, std::optional<std::chrono::nanoseconds>& lay_for) noexcept {
  return read_by([&] { return receive_stamped(descriptor(), {buffer_.get(), limits::read_buffer}, lay_for); }, error);
}

template <class Receive>
std::span<char> stream::read_by(Receive receive, std::error_code& error) noexcept {
  if (!buffer_) buffer_ = owner().buffers().borrow();
  if (!buffer_) {
    error = std::make_error_code(std::errc::not_enough_memory);
    return {};
  }
  ssize_t count = 0;
  do
    count = receive();
  while (count < 0 && errno == EINTR);
  // A read that did not fill the buffer has taken all there was; if more has come since, the kernel will say so.
  if (count < static_cast<ssize_t>(limits::read_buffer) && !is_ready(read_to_the_end)) clear_ready(EPOLLIN);
  if (count >= 0) {
    error.clear();
    return {buffer_.get(), static_cast<std::size_t>(count)};
  }
  error = last_error();
  if (would_block(error)) clear_ready(EPOLLIN | read_to_the_end);
  release_buffer();
  return {};
}

write_operation stream::write_all(
    std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) noexcept {
  return {*this, pieces, deadline, error};
}

write_operation::write_operation(
    stream& to, std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) noexcept
    : to_(to), deadline_(deadline), error_(error), rest_(pieces) {
  error_.clear();
}

bool write_operation::is_done() noexcept {
  if (!rest_.empty()) to_.send_pieces(rest_, error_);
  return error_ || rest_.empty();
}

void write_operation::await_suspend(std::coroutine_handle<> coroutine) noexcept {
  coroutine_ = coroutine;
  to_.wait(writable, *this, deadline_, on_stop::wait);
}

void write_operation::on_ready(std::error_code error) {
  error_ = error;
  if (!error && !is_done()) return to_.wait(writable, *this, deadline_, on_stop::wait);
  coroutine_.resume();
}

std::size_t stream::send_now(std::span<const char> bytes, std::error_code& error) noexcept {
  unsent_pieces rest(std::span(&bytes, 1));
  if (!bytes.empty()) send_pieces(rest, error);
  return bytes.size() - rest.size();
}

// One call. If the kernel does not take all, it reports when it takes more.
void stream::send_pieces(unsent_pieces& pieces, std::error_code& error) noexcept {
  ssize_t count = 0;
  do
    count = pieces.send(descriptor(), MSG_DONTWAIT);
  while (count < 0 && errno == EINTR);
  if (count < 0 && !would_block(last_error())) error = last_error();
  if (!pieces.empty()) clear_ready(EPOLLOUT);
}

void stream::shutdown_send() noexcept { ::shutdown(descriptor(), SHUT_WR); }

} // namespace revecho::async
