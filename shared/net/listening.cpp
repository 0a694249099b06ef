#include "shared/net/listening.hpp"

#include "shared/net/address.hpp"
#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"
#include "shared/process/advice.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace revecho {
namespace {

// A port that the kernel picks on one address may be taken on the next.
constexpr int most_picks = 20;

listening_address listen_at(socket_address where, std::size_t count, const server_options& options) {
  std::vector<unique_descriptor> sockets;
  const bool share = options.reuse_port || count > 1;
  // A first socket that does not share its port shows whether another program has it, and which port the kernel picks
  // for 0.
  if (share && !options.reuse_port) where = local_address(bind_listening_socket(where, false).get());
  while (sockets.size() < count) {
    sockets.push_back(bind_listening_socket(where, share));
    start_listening(sockets.back().get(), options.backlog);
    where = local_address(sockets.back().get());
  }
  return {where.to_endpoint(), std::move(sockets), {}};
}

// Stops at the first address that fails: `failed`.
std::vector<listening_address> listen_at_all(const std::vector<socket_address>& addresses, std::size_t count,
    const server_options& options, socket_address& failed) {
  std::vector<listening_address> all;
  auto port = addresses.front().port();
  for (const auto& address : addresses) {
    failed = address;
    failed.set_port(port);
    all.push_back(listen_at(failed, count, options));
    port = all.back().where.port;
  }
  return all;
}

std::vector<listening_address> listen_at_path(
    const endpoint& where, std::size_t count, const server_options& options) try {
  std::vector<unique_descriptor> sockets;
  sockets.push_back(bind_to_path(where.path, options.socket_mode));
  socket_file file(where.path);
  start_listening(sockets.front().get(), options.backlog);
  while (sockets.size() < count) {
    sockets.emplace_back(::fcntl(sockets.front().get(), F_DUPFD_CLOEXEC, 0));
    if (!sockets.back()) throw std::system_error(last_error());
  }
  std::vector<listening_address> all;
  all.push_back({where, std::move(sockets), std::move(file)});
  return all;
} catch (const std::system_error& error) {
  throw std::runtime_error(
      fmt::format("cannot listen on {}: {}", to_string(where), with_advice(attempt::listening_at_path, error.code())));
}

} // namespace

std::vector<listening_address> listen_on(const endpoint& wanted, std::size_t count, const server_options& options) {
  if (wanted.is_unix()) return listen_at_path(wanted, count, options);
  std::error_code error;
  const auto addresses = resolve(wanted, error);
  socket_address failed;
  for (int picks = 1; !error; ++picks) {
    try {
      return listen_at_all(addresses, count, options, failed);
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
