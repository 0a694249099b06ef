// TCP sockets as every engine needs them: listening, connecting, accepting, sending and their options. Knows no event
// loop and no threads. All are close-on-exec, and non-blocking unless said otherwise.
#pragma once

#include "shared/net/address.hpp"
#include "shared/net/descriptor.hpp"

#include <sys/uio.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <system_error>

namespace revecho {

/// Binds a socket for listening. Its connections will inherit TCP_NODELAY, and SO_OOBINLINE: urgent bytes stay in
/// place (RFC 6093, 6). Throws std::system_error.
unique_descriptor bind_listening_socket(const socket_address& where, bool share_port);

/// Throws std::system_error.
void start_listening(int socket, int backlog);

/// Where the socket is bound. Throws std::system_error.
socket_address local_address(int socket);

/// The next connection, non-blocking if `flags` has SOCK_NONBLOCK. A connection that is gone before it is accepted is
/// skipped. Without one, `error` says why: EAGAIN if there is none to be accepted.
unique_descriptor accept_connection(int listening, int flags, socket_address& peer, std::error_code& error) noexcept;

/// How long this connection has been complete, if it has not sent anything yet: just accepted, the time that it waited
/// in the backlog. In whole milliseconds, and not finer than the kernel's tick; 0 if the kernel does not tell.
std::chrono::milliseconds time_in_backlog(int socket) noexcept;

/// A socket for a connection to that address, with TCP_NODELAY, from `from` if that is given. `error`: why there is
/// none.
unique_descriptor open_socket(
    const socket_address& to, const std::optional<socket_address>& from, std::error_code& error) noexcept;

/// Starts to connect such a socket. `error`: none once connected, EINPROGRESS while that is under way (it is when
/// the socket becomes writable that connect_result() says how it ended), else why it failed.
/// With `from`, from that address; the kernel chooses a port that only has to be free towards this destination.
unique_descriptor start_connecting(
    const socket_address& to, const std::optional<socket_address>& from, std::error_code& error) noexcept;

/// How connecting to `to` has ended. A connection to itself counts as refused: to a port of this machine on which
/// nobody listens it may, by chance, be made from that very port (simultaneous open, RFC 9293, 3.5).
std::error_code connect_result(int socket, const socket_address& to) noexcept;

void make_blocking(int socket) noexcept;

/// The connection will end with a reset: nothing under way arrives, and its port is free at once.
void reset_on_close(int socket) noexcept;

/// From now on the kernel notes when it has received bytes, for receive_stamped(). False if it cannot.
bool stamp_arrivals(int socket) noexcept;

/// Like recv(2) without waiting. `lay_for`: how long the last of these bytes had been in the socket by then, by the
/// wall clock, which may have been set meanwhile; nothing if the kernel does not tell.
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
