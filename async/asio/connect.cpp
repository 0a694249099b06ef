#include "async/asio/connect.hpp"

#include "async/asio/cancellable.hpp"
#include "shared/net/socket.hpp"

#include <asio/ip/basic_resolver.hpp>

#include <string>

namespace revecho::async {

using asio::ip::tcp;

awaitable<std::optional<stream>> connect(
    context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  asio::ip::basic_resolver<tcp, executor> resolver(owner.get_executor());
  const auto addresses = co_await resolver.async_resolve(
      to.host, std::to_string(to.port), tcp::resolver::numeric_service, asio::redirect_error(use_awaitable, error));
  for (const auto& entry : addresses) {
    const auto address = entry.endpoint();
    const auto peer = socket_address::from(address.data(), address.size());
    auto socket = open_socket(peer, std::nullopt, error);
    if (error) continue;
    stream attempt(owner, std::move(socket), peer);
    co_await attempt.connect(deadline, error);
    if (!error) co_return std::move(attempt);
  }
  error = standard(error);
  co_return std::nullopt;
}

} // namespace revecho::async
