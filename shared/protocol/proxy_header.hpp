// The header in which a proxy tells a server who its client is: the PROXY protocol, versions 1 and 2 (HAProxy's
// doc/proxy-protocol.txt). Reads and writes it: bytes in any pieces in, an address out. Knows no sockets.
//
//     v1   PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n       or TCP6, or UNKNOWN and anything
//     v2   0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a | 21 | 11 | 00 0c | c0 00 02 07  c6 33 64 01  dc 04  01 bb
//          signature                            |  |    |       source       destination  ports, then TLVs
//               version 2, command (0 LOCAL, 1 PROXY)  |  length of what follows
//                                  family and protocol (11 TCP over IPv4, 21 over IPv6)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace revecho {

/// The first bytes of version 2.
inline constexpr std::string_view proxy_signature_v2{"\r\n\r\n\0\r\nQUIT\n", 12};

/// An IP address with its port. The host's bytes are in network order: 4 of IPv4, 16 of IPv6.
struct proxy_address {
  proxy_address() = default;
  /// Precondition: 4 or 16 bytes.
  proxy_address(std::span<const unsigned char> host, std::uint16_t port) noexcept;

  std::array<unsigned char, 16> bytes{};
  std::size_t size = 0;
  std::uint16_t port = 0;

  std::span<const unsigned char> host() const noexcept { return std::span(bytes).first(size); }
  friend bool operator==(const proxy_address&, const proxy_address&) = default;
};

/// Reads one header, of either version. Bytes of the peer never make it throw; only std::bad_alloc can. Memory is
/// bounded by the longest header that it takes.
class proxy_header {
 public:
  static constexpr std::size_t longest_v1 = 107;  ///< bytes with CRLF, by the specification
  static constexpr std::size_t longest_v2 = 4096; ///< bytes with TLVs; certificates in these take one or two thousand

  /// Takes what belongs to the header off the front of `input`. True once the header is complete; what is left is the
  /// first of the stream that it precedes. Precondition: neither complete nor wrong yet.
  bool receive(std::span<char>& input);

  /// Has a byte of it come?
  bool has_begun() const noexcept { return !bytes_.empty(); }

  /// no_proxy_header, bad_proxy_header or long_proxy_header; empty as long as it can still become a right one.
  std::error_code error() const noexcept { return error_; }

  /// The real client, once complete. None if the header does not say (LOCAL, UNKNOWN, or no TCP): it is the peer.
  const std::optional<proxy_address>& client() const noexcept { return client_; }

  /// Does the proxy itself connect, as it does for health checks (LOCAL)?
  bool is_local() const noexcept { return is_local_; }

 private:
  void examine();
  void read_line();
  void read_fixed_part();
  void read_addresses();
  void fail(std::error_code error) noexcept { error_ = error; }

  std::string bytes_;
  std::size_t size_ = 0; // v2: of all of it, once its fixed part is there
  bool complete_ = false;
  bool is_local_ = false;
  std::optional<proxy_address> client_;
  std::error_code error_;
};

enum class proxy_version { v1, v2 };

/// Appends the header of a TCP connection. Precondition: both are of one family.
void append_proxy_header(
    std::string& out, proxy_version, const proxy_address& source, const proxy_address& destination);

} // namespace revecho
