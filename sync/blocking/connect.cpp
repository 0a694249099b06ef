#include "sync/blocking/connect.hpp"

#include "shared/net/connecting.hpp"
#include "shared/net/name_lookup.hpp"
#include "shared/net/socket.hpp"

#include <utility>

namespace revecho::sync {

std::optional<stream> connect(context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  name_lookup lookup(to);
  lookup.wait_until(deadline);
  const auto addresses = lookup.take(error);
  if (error) return std::nullopt;
  auto [socket, address] = connect_to_first(addresses, deadline, error);
  if (!socket) return std::nullopt;
  make_blocking(socket.get());
  return stream(owner, std::move(socket), address);
}

} // namespace revecho::sync
