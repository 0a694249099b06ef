// Shared parts of the minimal servers of the benchmark. They show what the kernel allows: no time-outs, no limits,
// no log, no orderly stop. But a call that fails is not passed over, because what it would have cost would be missing.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace revecho::bench {

/// `result`, unless it says that `call` has failed: that ends the program.
inline int checked(int result, const char* call) {
  if (result >= 0) return result;
  std::perror(call);
  std::exit(1);
}

/// A socket that listens on a free port of 127.0.0.1, which is printed. `flags` are added to its type.
inline int listen_on_free_port(int flags) {
  constexpr int backlog = 4096;
  const int listener = checked(::socket(AF_INET, SOCK_STREAM | flags, 0), "socket");
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  checked(::bind(listener, generic, size), "bind");
  checked(::listen(listener, backlog), "listen");
  checked(::getsockname(listener, generic, &size), "getsockname");
  std::printf("%d\n", ::ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

/// As our servers have it, on every connection.
inline void send_at_once(int connection) {
  const int on = 1;
  checked(::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
}

/// False if the connection failed. Waits for a client that does not read, and all others with it.
inline bool send_all(int connection, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    pollfd writable{.fd = connection, .events = POLLOUT, .revents = 0};
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      return false;
    } else if (errno == EAGAIN) {
      checked(::poll(&writable, 1, -1), "poll");
    }
  }
  return true;
}

} // namespace revecho::bench
