#include "shared/net/socket.hpp"

#include "shared/net/error.hpp"

#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace revecho {
namespace {

void set_option(int socket, int level, int name, int value) noexcept {
  ::setsockopt(socket, level, name, &value, sizeof value);
}

void check(int result) {
  if (result < 0) throw std::system_error(last_error());
}

void require_option(int socket, int level, int name, int value) {
  check(::setsockopt(socket, level, name, &value, sizeof value));
}

// 0.0.0.0 is any address of this machine, of either family.
socket_address local_end(const socket_address& from, const socket_address& to) noexcept {
  if (from.family() != AF_INET || from.v4() != 0 || to.family() != AF_INET6) return from;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(from.port());
  return socket_address::from(reinterpret_cast<const sockaddr*>(&any), sizeof any);
}

bool is_connected_to_itself(int socket, const socket_address& peer) noexcept {
  socket_address local;
  socklen_t size = socket_address::capacity;
  return ::getsockname(socket, local.data(), &size) == 0 && local == peer;
}

} // namespace

unique_descriptor bind_listening_socket(const socket_address& where, bool share_port) {
  unique_descriptor socket(::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  check(socket.get());
  if (where.is_unix()) {
    check(::bind(socket.get(), where.data(), where.size()));
    return socket;
  }
  require_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (where.family() == AF_INET6) require_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (share_port) require_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  require_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  require_option(socket.get(), SOL_SOCKET, SO_OOBINLINE, 1);
  check(::bind(socket.get(), where.data(), where.size()));
  return socket;
}

void start_listening(int socket, int backlog) { check(::listen(socket, backlog)); }

socket_address local_address(int socket) {
  std::error_code error;
  const auto local = local_address(socket, error);
  if (error) throw std::system_error(error, "cannot read the address of a socket");
  return local;
}

socket_address local_address(int socket, std::error_code& error) noexcept {
  socket_address local;
  socklen_t size = socket_address::capacity;
  if (::getsockname(socket, local.data(), &size) != 0) error = last_error();
  return local.is_unix() ? socket_address::without_path() : local;
}

unique_descriptor accept_connection(int listening, int flags, socket_address& peer, std::error_code& error) noexcept {
  for (;;) {
    socklen_t size = socket_address::capacity;
    unique_descriptor socket(::accept4(listening, peer.data(), &size, flags | SOCK_CLOEXEC));
    error = socket ? std::error_code{} : last_error();
    if (socket && peer.is_unix()) {
      peer = socket_address::without_path();                 // the system has filled in what there was room for
      set_option(socket.get(), SOL_SOCKET, SO_OOBINLINE, 1); // not inherited
    }
    if (socket || (errno != EINTR && errno != ECONNABORTED && errno != EPROTO)) return socket;
  }
}

std::string peer_name(int socket, const socket_address& peer) {
  if (!peer.is_unix()) return to_string(peer.to_endpoint());
  sockaddr_un local{};
  socklen_t size = sizeof local;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&local), &size);
  ucred client{};
  size = sizeof client;
  ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &client, &size);
  const auto path = to_string(endpoint{"", 0, local.sun_path});
  return client.pid > 0 ? fmt::format("{} (pid {})", path, client.pid) : path;
}

// Linux initializes the time of the last data sent to the end of the handshake.
std::optional<std::chrono::milliseconds> time_in_backlog(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return std::chrono::milliseconds{info.tcpi_last_data_sent};
}

// Without a port, the kernel chooses one when connecting, so that it only has to be free for this destination. With
// SO_REUSEADDR that holds for a given port, too: bind() lets sockets share it, and connect() tells whether it is free.
unique_descriptor open_socket(
    const socket_address& to, const std::optional<socket_address>& from, std::error_code& error) noexcept {
  unique_descriptor socket(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  error = socket ? std::error_code{} : last_error();
  if (!socket || to.is_unix()) return socket;
  set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (!from) return socket;
  const auto local = local_end(*from, to);
  if (local.port() == 0) {
    set_option(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  } else {
    set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (::bind(socket.get(), local.data(), local.size()) != 0) error = last_error();
  return socket;
}

unique_descriptor start_connecting(
    const socket_address& to, const std::optional<socket_address>& from, std::error_code& error) noexcept {
  auto socket = open_socket(to, from, error);
  if (error) return socket;
  const bool connected = ::connect(socket.get(), to.data(), to.size()) == 0;
  error = connected ? connect_result(socket.get(), to) : last_error();
  return socket;
}

std::error_code connect_result(int socket, const socket_address& to) noexcept {
  int failure = 0;
  socklen_t size = sizeof failure;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &failure, &size) != 0) return last_error();
  if (failure != 0) return {failure, std::system_category()};
  if (is_connected_to_itself(socket, to)) return {ECONNREFUSED, std::system_category()};
  return {};
}

void make_blocking(int socket) noexcept { ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK); }

void reset_on_close(int socket) noexcept {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

bool stamp_arrivals(int socket) noexcept {
  const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  return ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0;
}

ssize_t receive_stamped(int socket, std::span<char> into, std::optional<std::chrono::nanoseconds>& lay_for) noexcept {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(scm_timestamping))> notes;
  iovec bytes{into.data(), into.size()};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = notes.data();
  message.msg_controllen = notes.size();
  const auto count = ::recvmsg(socket, &message, MSG_DONTWAIT);
  lay_for.reset();
  if (count <= 0) return count;
  for (cmsghdr* note = CMSG_FIRSTHDR(&message); note != nullptr; note = CMSG_NXTHDR(&message, note)) {
    if (note->cmsg_level != SOL_SOCKET || note->cmsg_type != SCM_TIMESTAMPING) continue;
    scm_timestamping times{};
    std::memcpy(&times, CMSG_DATA(note), sizeof times);
    const timespec& arrived = times.ts[0]; // the software's
    const auto since = std::chrono::seconds{arrived.tv_sec} + std::chrono::nanoseconds{arrived.tv_nsec};
    if (since.count() > 0) lay_for = std::chrono::system_clock::now().time_since_epoch() - since;
  }
  return count;
}

unsent_pieces::unsent_pieces(std::span<const std::span<const char>> pieces) noexcept {
  assert(pieces.size() <= pieces_.size());
  std::transform(pieces.begin(), pieces.end(), pieces_.begin(), [](std::span<const char> piece) {
    return iovec{const_cast<char*>(piece.data()), piece.size()};
  });
}

ssize_t unsent_pieces::send(int socket, int flags) noexcept {
  ssize_t count = 0;
  if (pieces_[1].iov_len == 0) { // cheaper for the kernel than sendmsg
    count = ::send(socket, pieces_[0].iov_base, pieces_[0].iov_len, flags | MSG_NOSIGNAL);
  } else {
    msghdr message{};
    message.msg_iov = pieces_.data();
    message.msg_iovlen = pieces_.size();
    count = ::sendmsg(socket, &message, flags | MSG_NOSIGNAL);
  }
  auto taken = static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  for (auto& piece : pieces_) {
    const std::size_t part = std::min(taken, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + part;
    piece.iov_len -= part;
    taken -= part;
  }
  return count;
}

} // namespace revecho
