#include "async/asio/stream.hpp"

#include "async/asio/cancellable.hpp"
#include "shared/net/error.hpp"
#include "shared/options/limits.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace revecho::async {

struct stream::connection final : cancellable {
  connection(context& loop, const socket_address& to) : cancellable(loop), socket(loop.get_executor()), peer(to) {}
  ~connection() { owner().buffers().give_back(std::move(large)); }

  void cancel() noexcept override;
  std::span<char> received(std::size_t count, std::error_code& error) noexcept;
  std::span<char> read_more(std::error_code& error) noexcept;
  void send(unsent_pieces& rest, std::error_code& error) noexcept;

  stream_socket socket;
  std::unique_ptr<char[]> large; // lent by the context from one read_some() to the next
  std::error_code failed;        // why a second read failed, after one with bytes: for the next read_some()
  socket_address peer;
  std::array<char, 96> small; // fits most messages: one read suffices, and no buffer is borrowed
};

stream::stream(context& owner, unique_descriptor socket, const socket_address& peer)
    : connection_(std::make_unique<connection>(owner, peer)) {
  connection_->failed = assign(connection_->socket, std::move(socket), peer);
  std::error_code ignored; // then it is not open
  connection_->socket.non_blocking(true, ignored);
}

stream::stream(stream&&) noexcept = default;
stream::~stream() = default;

void stream::connection::cancel() noexcept {
  std::error_code ignored;
  socket.cancel(ignored);
}

void stream::cancel() noexcept { connection_->cancel(); }

awaitable<void> stream::connect(time_point deadline, std::error_code& error) {
  auto& c = *connection_;
  error = c.failed;
  if (error) co_return;
  const asio::generic::stream_protocol::endpoint to(std::as_const(c.peer).data(), c.peer.size());
  c.begin_wait(deadline, on_stop::end);
  co_await c.socket.async_connect(to, c.resuming(error));
  c.end_wait(error);
  if (!error) error = connect_result(c.socket.native_handle(), c.peer);
}

// A composed operation, and not a coroutine around async_read_some(): one frame less for each connection that waits.
awaitable<std::span<char>> stream::read_some(time_point deadline, on_stop when_stopped, std::error_code& error) {
  auto* const c = connection_.get();
  c->owner().buffers().give_back(std::move(c->large));
  c->begin_wait(deadline, when_stopped);
  const auto start = [c, &error](auto resume) {
    auto finish = [c, &error, resume = std::move(resume)](std::error_code result, std::size_t count) mutable {
      error = result;
      std::move(resume)(c->received(count, error));
    };
    c->socket.async_read_some(asio::buffer(c->small), c->in_own_memory(std::move(finish)));
  };
  return asio::async_initiate<const asio::use_awaitable_t<executor>, void(std::span<char>)>(start, use_awaitable);
}

std::span<char> stream::connection::received(std::size_t count, std::error_code& error) noexcept {
  end_wait(error);
  if (error == std::errc::operation_canceled) { // what has arrived is still read
    std::error_code result;
    do
      count = socket.read_some(asio::buffer(small), result);
    while (result == asio::error::interrupted); // asio retries EINTR in asynchronous operations only
    if (result != asio::error::would_block) error = standard(result);
  }
  if (failed && count == 0) error = std::exchange(failed, {});
  if (error == asio::error::eof) error.clear();
  if (error || count < small.size()) return std::span(small).first(count);
  return read_more(error);
}

// The small buffer is full, and there may be more: all of it moves to a large one.
std::span<char> stream::connection::read_more(std::error_code& error) noexcept {
  large = owner().buffers().borrow();
  if (!large) {
    error = std::make_error_code(std::errc::not_enough_memory);
    return {};
  }
  char* const end = std::copy(small.begin(), small.end(), large.get());
  const std::size_t count = socket.read_some(asio::buffer(end, limits::read_buffer - small.size()), failed);
  const bool is_seen_again =
      failed == asio::error::would_block || failed == asio::error::interrupted || failed == asio::error::eof;
  failed = is_seen_again ? std::error_code() : standard(failed);
  return {large.get(), small.size() + count};
}

// Sends first, and so is no coroutine: asio passes even an asynchronous send that succeeds at once through the loop.
// Asio also reuses the memory of the last frame for the next, even a smaller one: after write_rest(), each idle
// connection would hold that much.
awaitable<void> stream::write_all(
    std::span<const std::span<const char>> pieces, time_point deadline, std::error_code& error) {
  unsent_pieces rest(pieces);
  error.clear();
  connection_->send(rest, error);
  if (!error && !rest.empty()) return write_rest(rest, deadline, error);
  return []() -> awaitable<void> { co_return; }();
}

awaitable<void> stream::write_rest(unsent_pieces rest, time_point deadline, std::error_code& error) {
  while (!error && !rest.empty()) {
    connection_->begin_wait(deadline, on_stop::wait);
    co_await connection_->socket.async_wait(stream_socket::wait_write, connection_->resuming(error));
    connection_->end_wait(error);
    if (!error) connection_->send(rest, error);
  }
}

void stream::connection::send(unsent_pieces& rest, std::error_code& error) noexcept {
  while (!error && rest.send(socket.native_handle(), 0) < 0 && !would_block(last_error()))
    if (errno != EINTR) error = last_error();
}

awaitable<void> stream::sleep_for(std::chrono::nanoseconds duration) {
  return connection_->owner().sleep_for(duration);
}

void stream::shutdown_send() noexcept {
  std::error_code ignored;
  connection_->socket.shutdown(stream_socket::shutdown_send, ignored);
}

std::optional<std::chrono::milliseconds> stream::time_in_backlog() const noexcept {
  return revecho::time_in_backlog(connection_->socket.native_handle());
}

std::string stream::peer() const { return peer_name(connection_->socket.native_handle(), connection_->peer); }

void stream::set_peer(const socket_address& client) noexcept { connection_->peer = client; }

} // namespace revecho::async
