// Addresses of sockets, and the look-up of names. Knows no sockets.
#pragma once

#include "shared/options/endpoint.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace revecho {

/// An IPv4 or IPv6 address with its port, or that of a UNIX socket, as the system's calls take it: a value of 32 bytes.
class socket_address {
 public:
  /// 0.0.0.0:0
  socket_address() noexcept : storage_{.v4 = {}} { storage_.v4.sin_family = AF_INET; }

  /// Of "127.0.0.1", "::1" or "fe80::1%eth0"; nothing if that is no address but a name.
  static std::optional<socket_address> parse(const std::string& host, std::uint16_t port);

  /// Of an endpoint; nothing if its host is a name. Throws std::bad_alloc.
  static std::optional<socket_address> parse(const endpoint&);

  /// Of an IPv4 address as a number: 127.0.0.1 is 0x7f000001.
  static socket_address v4(std::uint32_t host, std::uint16_t port) noexcept;

  /// Of an address in network order: 4 bytes are IPv4, 16 IPv6.
  static socket_address from_bytes(std::span<const unsigned char> host, std::uint16_t port) noexcept;

  /// Of a UNIX socket. Its path is kept for the life of the program: there are as many as a command line names.
  /// Precondition: at most limits::longest_socket_path bytes. Throws std::bad_alloc.
  static socket_address at_path(const std::string& path);

  /// Of a client of a UNIX socket, which has no path.
  static socket_address without_path() noexcept;

  /// Of what a call of the system has filled in. Precondition: IPv4 or IPv6.
  static socket_address from(const sockaddr* address, std::size_t size) noexcept;

  int family() const noexcept { return storage_.any.sa_family; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  /// Of a UNIX socket: 0.
  std::uint16_t port() const noexcept;
  void set_port(std::uint16_t) noexcept;
  /// The number of an IPv4 address, 0 of any other.
  std::uint32_t v4() const noexcept { return family() == AF_INET ? ntohl(storage_.v4.sin_addr.s_addr) : 0; }
  /// The next higher one, with the same port: 10.0.1.0 after 10.0.0.255. Precondition: IPv4 or IPv6.
  socket_address next_host() const noexcept;
  /// "127.0.0.1", "::1", "/run/revecho.sock"
  std::string host() const;
  /// In network order: 4 bytes of IPv4, 16 of IPv6. Precondition: one of these.
  std::span<const unsigned char> host_bytes() const noexcept;
  endpoint to_endpoint() const;

  const sockaddr* data() const noexcept;
  socklen_t size() const noexcept;
  /// For a call that fills it in: `data` has room for `capacity` bytes.
  sockaddr* data() noexcept { return &storage_.any; }
  static constexpr socklen_t capacity = sizeof(sockaddr_in6);

  friend bool operator==(const socket_address&, const socket_address&) noexcept;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    struct {
      sa_family_t family;
      const sockaddr_un* kept; // null: without a path
    } local;
  } storage_;
};

/// Errors of name resolution: EAI_… of getaddrinfo(3).
const std::error_category& resolver_category() noexcept;

/// All addresses of the endpoint, each once, in the order to try them (RFC 8305, 4): families take turns, and within a
/// family the order is that of preference (RFC 6724). An address is taken as it is. Blocks while a name is looked up.
/// A path, too. `error`: in resolver_category() or std::system_category(); the result is empty then.
std::vector<socket_address> resolve(const endpoint&, std::error_code& error);

/// The order of resolve(), of addresses that are in the order of preference.
std::vector<socket_address> with_alternating_families(const std::vector<socket_address>&);

} // namespace revecho
