#include "async/epoll/connect.hpp"

#include "async/epoll/name_lookup.hpp"
#include "shared/net/socket.hpp"

#include <utility>

namespace revecho::async {
namespace {

// A socket whose connection is under way. What is watched must not move, so the stream is made of its descriptor only
// once it stands.
class attempt final : public watched_descriptor {
 public:
  using watched_descriptor::release;
  using watched_descriptor::watched_descriptor;
};

} // namespace

awaitable<std::optional<stream>> connect(context& owner, const endpoint& to, time_point deadline,
    std::error_code& error, const std::optional<socket_address>& from) {
  const auto addresses = co_await look_up(owner, to, deadline, error);
  for (const auto& address : addresses) {
    attempt connecting(owner, start_connecting(address, from, error));
    if (error == std::errc::operation_in_progress) {
      co_await readiness(connecting, writable, deadline, on_stop::end, error);
      if (!error) error = connect_result(connecting.descriptor(), address);
    }
    if (!error) co_return stream(owner, connecting.release(), address);
  }
  co_return std::nullopt;
}

} // namespace revecho::async
