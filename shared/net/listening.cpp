#include "shared/net/listening.hpp"

#include "shared/net/address.hpp"
#include "shared/net/socket.hpp"
#include "shared/process/advice.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <system_error>

namespace revecho {
namespace {

socket_address first_address(const endpoint& wanted) {
  std::error_code error;
  const auto found = resolve(wanted, error);
  if (error) throw std::system_error(error);
  return found.front();
}

} // namespace

std::vector<unique_descriptor> listen_on(const endpoint& wanted, std::size_t count, int backlog, bool share_port) try {
  std::vector<unique_descriptor> sockets;
  auto where = first_address(wanted);
  // A first socket that does not share its port shows whether another program has it, and which port the kernel picks
  // for 0.
  if (count > 1 && !share_port) where = local_address(bind_listening_socket(where, false).get());
  while (sockets.size() < count) {
    sockets.push_back(bind_listening_socket(where, share_port || count > 1));
    start_listening(sockets.back().get(), backlog);
    where = local_address(sockets.back().get());
  }
  return sockets;
} catch (const std::system_error& error) {
  throw std::runtime_error(
      fmt::format("cannot listen on {}: {}", to_string(wanted), with_advice(attempt::listening, error.code())));
}

} // namespace revecho
