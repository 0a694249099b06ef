#include "async/epoll/listener.hpp"

#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"
#include "shared/options/limits.hpp"

#include <sys/socket.h>

namespace revecho::async {
namespace {

std::error_code canceled() noexcept { return std::make_error_code(std::errc::operation_canceled); }

} // namespace

// The kernel lets one connection more wait than it is told.
listener::listener(context& owner, unique_descriptor socket, int backlog) noexcept
    : watched_descriptor(owner, std::move(socket)), left_(backlog + 1) {}

awaitable<std::optional<stream>> listener::accept(std::error_code& error) {
  for (;;) {
    // All that was in the backlog when stop() came has been taken: in a flood it is never empty.
    const bool enough = owner().stopping() && left_ == 0;
    socket_address peer;
    unique_descriptor socket;
    if (!enough) socket = accept_connection(descriptor(), SOCK_NONBLOCK, peer, error);
    if (socket) {
      if (owner().stopping()) --left_;
      if (++in_a_row_ >= limits::accept_batch) {
        in_a_row_ = 0;
        co_await readiness(*this, 0, never, on_stop::wait, error); // the connections get their turn
        error.clear();
      }
      co_return stream(owner(), std::move(socket), peer);
    }
    if (enough || (would_block(error) && owner().stopping())) error = canceled();
    if (!would_block(error)) co_return std::nullopt;
    clear_ready(EPOLLIN);
    in_a_row_ = 0;
    co_await readiness(*this, readable, never, on_stop::end, error);
    if (error && error != canceled()) co_return std::nullopt;
  }
}

} // namespace revecho::async
