// The other end of a connection, as plain as can be: blocking calls, each with a deadline. Knows neither the
// protocol nor a test framework: what does not happen in time, or fails, is thrown as std::runtime_error or
// std::system_error.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace revecho::test {

class peer {
 public:
  /// Connects to 127.0.0.1. `receive_buffer`: SO_RCVBUF in bytes, 0 for the system's. With
  /// a small one the server's side is small, too.
  explicit peer(std::uint16_t port, int receive_buffer = 0);
  /// Connects to an IPv4 or IPv6 address.
  peer(const std::string& address, std::uint16_t port, int receive_buffer = 0);

  /// Connects to a UNIX socket.
  static peer at_path(const std::string& path);

  /// Takes over an open socket.
  static peer of(int descriptor) noexcept { return peer(descriptor, nullptr); }

  peer(peer&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  peer& operator=(peer&&) = delete;
  ~peer() { close(); }

  std::string address() const;        ///< "127.0.0.1:50000": this side, as the server names it
  std::string remote_address() const; ///< the other side, if that is on IPv4

  void send(std::string_view);

  /// The same, but false if the other side has ended the connection.
  bool try_send(std::string_view);

  void send_urgent(char byte); ///< MSG_OOB

  /// Sends as much as the other side takes until it stops taking it for the given time, or ends the
  /// connection.
  std::size_t send_while_taken(std::string_view, std::chrono::milliseconds longest_pause);

  std::string receive(std::size_t count); ///< exactly so many bytes
  std::string receive_some();             ///< what one read returns; empty at the end
  std::string receive_all();              ///< up to the end, which must not be a reset

  /// Waits for the end: true if it is an orderly one or a reset, false if bytes come first.
  bool receive_end();

  /// True if nothing, and no end, comes in that time.
  bool is_silent_for(std::chrono::milliseconds);

  /// False once the other side has ended the connection, in whichever way; what it has sent does not matter.
  bool is_open();

  /// Has all that was sent arrived at the other end, be it in its kernel? What has not been acknowledged has not.
  bool has_arrived() const;

  void half_close();
  void reset();
  void close();

  /// Closes this side, and the other side is not told: as if the machine had lost its power. False if that is not
  /// permitted.
  bool vanish();

 private:
  peer(int descriptor, std::nullptr_t) noexcept : descriptor_(descriptor) {}
  void wait_for(short event, const char* what);

  int descriptor_;
};

/// True if nobody listens there.
bool is_refused(std::uint16_t port);

/// Listens on an address of this machine, on a free port if that is 0. One connection more than `backlog` is made
/// without an accept(); the next has to wait.
class listening_socket {
 public:
  explicit listening_socket(int backlog = 1000, const std::string& host = "127.0.0.1", std::uint16_t port = 0);
  ~listening_socket();
  listening_socket(const listening_socket&) = delete;
  listening_socket& operator=(const listening_socket&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  peer accept(); ///< throws when none comes, or after close()
  void close();  ///< ends accept() in another thread

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

} // namespace revecho::test
