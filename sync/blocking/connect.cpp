#include "sync/blocking/connect.hpp"

#include "shared/net/socket.hpp"

namespace revecho::sync {

std::optional<stream> connect(context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  for (const auto& address : resolve(to, error)) {
    auto socket = start_connecting(address, std::nullopt, error);
    if (error == std::errc::operation_in_progress) error = finish_connecting(socket.get(), address, deadline);
    if (error) continue;
    make_blocking(socket.get());
    return stream(owner, std::move(socket), address);
  }
  return std::nullopt;
}

} // namespace revecho::sync
