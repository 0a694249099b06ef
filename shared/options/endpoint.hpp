// Where to listen or connect, as people write it. Knows no name resolution: that is the I/O layer's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace revecho {

struct endpoint {
  std::string host = "127.0.0.1"; ///< a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;         ///< 0 only for listening: any free port
  std::string path{};             ///< of a UNIX socket, which has no host and no port; empty: TCP

  bool is_unix() const noexcept { return !path.empty(); }
  friend bool operator==(const endpoint&, const endpoint&) = default;
};

/// "HOST:PORT", "[V6]:PORT", ":PORT" or "PORT"; without a host it is 127.0.0.1, so that only this machine is reached
/// unless somebody says otherwise. "unix:PATH" is a UNIX socket. Throws std::invalid_argument with a message for
/// people.
endpoint parse_endpoint(std::string_view);

/// The same for where to connect: port 0 is refused too.
endpoint parse_target(std::string_view);

/// "127.0.0.1:6789", "[::1]:6789", "unix:/run/revecho.sock": parse_endpoint() of it gives the same endpoint.
std::string to_string(const endpoint&);

} // namespace revecho
