#include "async/asio/listener.hpp"

#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"
#include "shared/options/limits.hpp"

#include <asio/post.hpp>

namespace revecho::async {

// The kernel queues one connection more than the backlog.
listener::listener(context& owner, unique_descriptor socket, int backlog)
    : cancellable(owner), acceptor_(owner.get_executor()), left_(backlog + 1) {
  const auto where = local_address(socket.get());
  if (const auto error = assign(acceptor_, std::move(socket), where))
    throw std::system_error(error, "cannot watch a listening socket");
}

void listener::cancel() noexcept {
  std::error_code ignored;
  acceptor_.cancel(ignored);
}

// Avoids async_accept(): it accepts one connection per turn of the loop, without close-on-exec, and spins while no
// descriptor is free.
awaitable<std::optional<stream>> listener::accept(std::error_code& error) {
  for (;;) {
    // All that was in the backlog when stop() came has been taken: in a flood it is never empty.
    const bool enough = owner().stopping() && left_ == 0;
    socket_address peer;
    unique_descriptor socket;
    if (!enough) socket = accept_connection(acceptor_.native_handle(), SOCK_NONBLOCK, peer, error);
    if (socket) {
      if (owner().stopping()) --left_;
      if (++in_a_row_ >= limits::accept_batch) {
        in_a_row_ = 0;
        co_await asio::post(owner().get_executor(), resuming(error)); // the connections get their turn
      }
      co_return stream(owner(), std::move(socket), peer);
    }
    if (enough || (would_block(error) && owner().stopping()))
      error = std::make_error_code(std::errc::operation_canceled);
    if (!would_block(error)) co_return std::nullopt;
    in_a_row_ = 0;
    begin_wait(never, on_stop::end);
    co_await acceptor_.async_wait(acceptor_.wait_read, resuming(error));
    end_wait(error);
    if (error && error != std::errc::operation_canceled) co_return std::nullopt;
  }
}

void listener::close() noexcept {
  std::error_code ignored;
  acceptor_.close(ignored);
}

} // namespace revecho::async
