#include "sync/blocking/connect.hpp"

#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>

namespace revecho::sync {
namespace {

// Waits until the connection stands or has failed.
std::error_code await_writable(int socket, time_point deadline) {
  for (;;) {
    pollfd waiting{socket, POLLOUT, 0};
    int milliseconds = -1;
    if (deadline != never) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - coarse_clock::now()).count();
      milliseconds = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    }
    const int ready = ::poll(&waiting, 1, milliseconds);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return last_error();
    if (coarse_clock::now() >= deadline) return std::make_error_code(std::errc::timed_out);
  }
}

} // namespace

std::optional<stream> connect(context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  for (const auto& address : resolve(to, error)) {
    auto socket = start_connecting(address, std::nullopt, error);
    if (error == std::errc::operation_in_progress) {
      error = await_writable(socket.get(), deadline);
      if (!error) error = connect_result(socket.get(), address);
    }
    if (error) continue;
    make_blocking(socket.get());
    return stream(owner, std::move(socket), address);
  }
  return std::nullopt;
}

} // namespace revecho::sync
