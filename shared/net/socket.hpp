// Stream sockets, of TCP and UNIX, as every engine needs them: listening, connecting, accepting, sending and their
// options. Knows no event loop and no threads. All are close-on-exec, and non-blocking unless said otherwise.
#pragma once

#include "shared/net/address.hpp"
#include "shared/net/descriptor.hpp"

#include <sys/uio.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace revecho {

/// Binds a socket for listening. TCP: its connections will inherit TCP_NODELAY, and SO_OOBINLINE: urgent bytes stay in
/// place (RFC 6093, 6). Throws std::system_error.
unique_descriptor bind_listening_socket(const socket_address& where, bool share_port);

/// Throws std::system_error.
void start_listening(int socket, int backlog);

/// Where the socket is bound. Throws std::system_error.
socket_address local_address(int socket);
socket_address local_address(int socket, std::error_code& error) noexcept; ///< does not throw

/// The next connection, non-blocking if `flags` has SOCK_NONBLOCK. A connection that is gone before it is accepted is
/// skipped. Without one, `error` says why: EAGAIN if there is none to be accepted.
unique_descriptor accept_connection(int listening, int flags, socket_address& peer, std::error_code& error) noexcept;

/// Of an accepted connection: "127.0.0.1:50000", or "unix:PATH (pid 42)" of the socket that it came to.
std::string peer_name(int socket, const socket_address& peer);

/// Time since the handshake, valid until the connection sends something. Right after accept(): its time in the backlog.
/// Whole milliseconds, limited by the kernel's tick; nothing if the kernel does not report it, as of UNIX sockets.
std::optional<std::chrono::milliseconds> time_in_backlog(int socket) noexcept;

/// A socket for a connection to that address, with TCP_NODELAY if it is TCP's, from `from` if that is given. `error`:
/// why there is none.
unique_descriptor open_socket(
    const socket_address& to, const std::optional<socket_address>& from, std::error_code& error) noexcept;

/// Starts a non-blocking connect. `error`: none once connected, EINPROGRESS while under way, else the reason. After
/// EINPROGRESS, call connect_result() when the socket becomes writable. EAGAIN: the backlog of a UNIX socket is full;
/// try again after limits::full_backlog_pause. With `from`, connects from that address, of which 0.0.0.0 is any, and
/// from its port; without one the kernel picks it. The port must be free for this destination only: else `error` is
/// EADDRINUSE or EADDRNOTAVAIL.
unique_descriptor start_connecting(
    const socket_address& to, const std::optional<socket_address>& from, std::error_code& error) noexcept;

/// Result of connecting to `to`. Reports a self-connection as refused: if nobody listens on a local port, the kernel
/// may pick that same port as the source (simultaneous open, RFC 9293, 3.5).
std::error_code connect_result(int socket, const socket_address& to) noexcept;

void make_blocking(int socket) noexcept;

/// Makes close send a reset: data in flight is lost, and the port is free at once.
void reset_on_close(int socket) noexcept;

/// Enables kernel receive timestamps, for receive_stamped(). False if the kernel cannot.
bool stamp_arrivals(int socket) noexcept;

/// Like recv(2) without waiting. `lay_for`: how long the last of these bytes waited in the socket, by the wall clock,
/// which may have been stepped; nothing if the kernel reports no timestamp.
ssize_t receive_stamped(int socket, std::span<char> into, std::optional<std::chrono::nanoseconds>& lay_for) noexcept;

/// Up to two runs of bytes of which some have been sent: what writev(2) takes.
class unsent_pieces {
 public:
  /// Precondition: at most two. The bytes outlive this.
  explicit unsent_pieces(std::span<const std::span<const char>> pieces) noexcept;

  bool empty() const noexcept { return pieces_[0].iov_len + pieces_[1].iov_len == 0; }
  std::size_t size() const noexcept { return pieces_[0].iov_len + pieces_[1].iov_len; }

  /// One system call, without SIGPIPE. Takes off what the kernel took. Returns -1 with errno, as sendmsg(2) does.
  ssize_t send(int socket, int flags) noexcept;

 private:
  std::array<iovec, 2> pieces_{};
};

} // namespace revecho
