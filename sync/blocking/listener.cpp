#include "sync/blocking/listener.hpp"

#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace revecho::sync {

std::optional<stream> listener::accept(std::error_code& error) {
  for (;;) {
    const bool stopping = owner_.stopping();
    const bool enough = owner_.aborted() || (stopping && sockets_.left <= 0);
    for (std::size_t tried = 0; !enough && tried < sockets_.descriptors.size(); ++tried) {
      socket_address peer;
      const int listening = sockets_.descriptors[next_++ % sockets_.descriptors.size()].get();
      auto accepted = accept_connection(listening, 0, peer, error);
      if (accepted) {
        if (stopping) --sockets_.left;
        return stream(owner_, std::move(accepted), peer);
      }
      const bool shut_down = owner_.stopping() && error == std::errc::invalid_argument; // by another worker
      if (!shut_down && !would_block(error)) return std::nullopt;
    }
    if (stopping || owner_.aborted()) {
      // The backlog is empty, or all that was in it when stop() came has been taken: in a flood it is never empty.
      if (!owner_.aborted()) refuse_new_connections();
      error = std::make_error_code(std::errc::operation_canceled);
      return std::nullopt;
    }
    error = await_connection();
    if (error) return std::nullopt;
  }
}

// Another worker may be using the socket: no close() yet.
void listener::refuse_new_connections() noexcept {
  for (const auto& descriptor : sockets_.descriptors)
    ::shutdown(descriptor.get(), SHUT_RDWR);
}

std::error_code listener::await_connection() {
  std::vector<pollfd> waiting{{sockets_.stop_reader.get(), POLLIN, 0}};
  for (const auto& descriptor : sockets_.descriptors)
    waiting.push_back({descriptor.get(), POLLIN, 0});
  if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return last_error();
  return {};
}

} // namespace revecho::sync
