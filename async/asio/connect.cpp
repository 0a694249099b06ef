#include "async/asio/connect.hpp"

#include "async/asio/cancellable.hpp"
#include "shared/net/socket.hpp"

#include <asio/ip/basic_resolver.hpp>

#include <string>
#include <vector>

namespace revecho::async {
namespace {

using asio::ip::tcp;

// An address is taken as it is: the resolver would start a thread for it.
awaitable<std::vector<socket_address>> look_up(context& owner, const endpoint& to, std::error_code& error) {
  error.clear();
  std::vector<socket_address> found;
  if (const auto address = socket_address::parse(to.host, to.port)) {
    found.push_back(*address);
    co_return found;
  }
  asio::ip::basic_resolver<tcp, executor> resolver(owner.get_executor());
  const auto entries = co_await resolver.async_resolve(
      to.host, std::to_string(to.port), tcp::resolver::numeric_service, asio::redirect_error(use_awaitable, error));
  for (const auto& entry : entries) {
    const auto address = entry.endpoint();
    found.push_back(socket_address::from(address.data(), address.size()));
  }
  co_return found;
}

} // namespace

awaitable<std::optional<stream>> connect(
    context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  const auto addresses = co_await look_up(owner, to, error);
  for (const auto& address : addresses) {
    auto socket = open_socket(address, std::nullopt, error);
    if (error) continue;
    stream attempt(owner, std::move(socket), address);
    co_await attempt.connect(deadline, error);
    if (!error) co_return std::move(attempt);
  }
  error = standard(error);
  co_return std::nullopt;
}

} // namespace revecho::async
