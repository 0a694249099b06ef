#include "shared/net/listening.hpp"

#include "shared/net/address.hpp"
#include "shared/net/socket.hpp"
#include "shared/process/advice.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <system_error>

namespace revecho {
namespace {

// A port that the kernel picks on one address may be taken on the next.
constexpr int most_picks = 20;

struct listening_options {
  std::size_t count;
  int backlog;
  bool share_port;
};

std::vector<unique_descriptor> listen_at(socket_address where, const listening_options& options) {
  std::vector<unique_descriptor> sockets;
  const bool share = options.share_port || options.count > 1;
  // A first socket that does not share its port shows whether another program has it, and which port the kernel picks
  // for 0.
  if (share && !options.share_port) where = local_address(bind_listening_socket(where, false).get());
  while (sockets.size() < options.count) {
    sockets.push_back(bind_listening_socket(where, share));
    start_listening(sockets.back().get(), options.backlog);
    where = local_address(sockets.back().get());
  }
  return sockets;
}

// Stops at the first address that fails: `failed`.
std::vector<std::vector<unique_descriptor>> listen_at_all(
    const std::vector<socket_address>& addresses, const listening_options& options, socket_address& failed) {
  std::vector<std::vector<unique_descriptor>> sockets;
  auto port = addresses.front().port();
  for (const auto& address : addresses) {
    failed = address;
    failed.set_port(port);
    sockets.push_back(listen_at(failed, options));
    port = local_address(sockets.back().front().get()).port();
  }
  return sockets;
}

} // namespace

std::vector<std::vector<unique_descriptor>> listen_on(
    const endpoint& wanted, std::size_t count, int backlog, bool share_port) {
  std::error_code error;
  const auto addresses = resolve(wanted, error);
  socket_address failed;
  for (int picks = 1; !error; ++picks) {
    try {
      return listen_at_all(addresses, {count, backlog, share_port}, failed);
    } catch (const std::system_error& failure) {
      const bool another_may_be_free = wanted.port == 0 && failed.port() != 0 && picks < most_picks;
      if (failure.code() != std::errc::address_in_use || !another_may_be_free) error = failure.code();
    }
  }
  const auto which = addresses.size() > 1 ? fmt::format(" ({})", to_string(failed.to_endpoint())) : "";
  throw std::runtime_error(
      fmt::format("cannot listen on {}{}: {}", to_string(wanted), which, with_advice(attempt::listening, error)));
}

} // namespace revecho
