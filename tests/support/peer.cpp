#include "tests/support/peer.hpp"

#include "tests/support/process.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace revecho::test {
namespace {

void check(bool success, const char* what) {
  if (!success) throw std::system_error(errno, std::system_category(), what);
}

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_in);

  socket_address(const std::string& host, std::uint16_t port) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
      v4.sin_family = AF_INET;
      v4.sin_port = htons(port);
    } else if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(port);
      size = sizeof v6;
    } else {
      throw std::runtime_error("'" + host + "' is no address");
    }
  }

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

int new_socket(int family) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  check(descriptor >= 0, "socket");
  return descriptor;
}

void send_at_once(int descriptor) {
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool wait_until_ready(int descriptor, short event, std::chrono::milliseconds longest) {
  pollfd waiting{descriptor, event, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, static_cast<int>(longest.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool is_gone() { return errno == EPIPE || errno == ECONNRESET; }

} // namespace

peer::peer(std::uint16_t port, int receive_buffer) : peer("127.0.0.1", port, receive_buffer) {}

peer::peer(const std::string& host, std::uint16_t port, int receive_buffer) : descriptor_(-1) {
  const socket_address to(host, port);
  peer connecting = of(new_socket(to.storage.ss_family)); // closes it if this throws
  const int descriptor = connecting.descriptor_;
  if (receive_buffer > 0) {
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    // The other side's send buffer grows with the size of segments, and loopback's are 64 KiB.
    constexpr int segment = 1000;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  }
  if (::connect(descriptor, to.get(), to.size) != 0) {
    check(errno == EINPROGRESS, "connect");
    connecting.wait_for(POLLOUT, "connect");
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size);
    errno = failure;
    check(failure == 0, "connect");
  }
  send_at_once(descriptor);
  std::swap(descriptor_, connecting.descriptor_);
}

peer peer::at_path(const std::string& path) {
  peer connecting = of(new_socket(AF_UNIX));
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  path.copy(to.sun_path, sizeof to.sun_path - 1);
  check(::connect(connecting.descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "connect");
  return connecting;
}

std::string peer::address() const {
  sockaddr_in local{};
  socklen_t size = sizeof local;
  ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&local), &size);
  return "127.0.0.1:" + std::to_string(ntohs(local.sin_port));
}

std::string peer::remote_address() const {
  sockaddr_in remote{};
  socklen_t size = sizeof remote;
  check(::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&remote), &size) == 0, "getpeername");
  char host[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, &remote.sin_addr, host, sizeof host);
  return std::string(host) + ':' + std::to_string(ntohs(remote.sin_port));
}

void peer::wait_for(short event, const char* what) {
  if (!wait_until_ready(descriptor_, event, patience())) throw std::runtime_error(std::string(what) + " hangs");
}

void peer::send(std::string_view bytes) { check(try_send(bytes), "send"); }

bool peer::try_send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && is_gone()) return false;
    if (count < 0 && errno == EAGAIN) {
      wait_for(POLLOUT, "send");
      continue;
    }
    check(count >= 0, "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void peer::send_urgent(char byte) { check(::send(descriptor_, &byte, 1, MSG_NOSIGNAL | MSG_OOB) == 1, "send"); }

std::size_t peer::send_while_taken(std::string_view bytes, std::chrono::milliseconds longest_pause) {
  std::size_t sent = 0;
  while (sent < bytes.size() && wait_until_ready(descriptor_, POLLOUT, longest_pause)) {
    const auto count = ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

std::string peer::receive(std::size_t count) {
  std::string received;
  while (received.size() < count) {
    std::string bytes(count - received.size(), '\0');
    wait_for(POLLIN, "receive");
    const auto size = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    check(size >= 0, "receive");
    if (size == 0)
      throw std::runtime_error("the stream ended after " + std::to_string(received.size()) + " of " +
                               std::to_string(count) + " bytes: " + received.substr(0, 100));
    received.append(bytes.data(), static_cast<std::size_t>(size));
  }
  return received;
}

std::string peer::receive_some() {
  std::array<char, 64 * 1024> bytes;
  wait_for(POLLIN, "receive");
  const auto size = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  check(size >= 0, "receive");
  return {bytes.data(), static_cast<std::size_t>(size)};
}

std::string peer::receive_all() {
  std::string received;
  for (;;) {
    const auto bytes = receive_some();
    if (bytes.empty()) return received;
    received += bytes;
  }
}

bool peer::receive_end() {
  char byte = 0;
  wait_for(POLLIN, "receive");
  const auto size = ::recv(descriptor_, &byte, 1, 0);
  return size == 0 || (size < 0 && is_gone());
}

bool peer::is_silent_for(std::chrono::milliseconds time) { return !wait_until_ready(descriptor_, POLLIN, time); }

bool peer::is_open() {
  pollfd watched{descriptor_, POLLRDHUP, 0};
  return ::poll(&watched, 1, 0) == 0;
}

bool peer::has_arrived() const {
  int unacknowledged = 0;
  check(::ioctl(descriptor_, TIOCOUTQ, &unacknowledged) == 0, "ioctl");
  return unacknowledged == 0;
}

void peer::half_close() { check(::shutdown(descriptor_, SHUT_WR) == 0, "shutdown"); }

void peer::reset() {
  const linger discard{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &discard, sizeof discard);
  close();
}

void peer::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

bool peer::vanish() {
  const int on = 1;
  if (::setsockopt(descriptor_, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0) return false;
  close();
  return true;
}

bool is_refused(std::uint16_t port) {
  try {
    peer attempt(port);
    return false;
  } catch (const std::system_error& error) {
    return error.code() == std::errc::connection_refused;
  }
}

listening_socket::listening_socket(int backlog, const std::string& host, std::uint16_t port)
    : descriptor_(new_socket(AF_INET)) {
  const socket_address where(host, port);
  check(::bind(descriptor_, where.get(), where.size) == 0, "bind");
  check(::listen(descriptor_, backlog) == 0, "listen");
  sockaddr_in local{};
  socklen_t size = sizeof local;
  check(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&local), &size) == 0, "getsockname");
  port_ = ntohs(local.sin_port);
}

listening_socket::~listening_socket() { ::close(descriptor_); }

void listening_socket::close() { ::shutdown(descriptor_, SHUT_RDWR); }

peer listening_socket::accept() {
  if (!wait_until_ready(descriptor_, POLLIN, patience())) throw std::runtime_error("nobody connects");
  const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  check(accepted >= 0, "accept");
  send_at_once(accepted);
  return peer::of(accepted);
}

} // namespace revecho::test
