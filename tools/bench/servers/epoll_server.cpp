// Minimal epoll server: the lower bound for one thread.
//     epoll_server [raw|line]     listens on a free port of 127.0.0.1, and prints it
#include "tools/bench/servers/floor.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace revecho::bench;

std::array<char, std::size_t{256} * 1024> buffer;
std::vector<std::string> begun; // by descriptor: the line that has no end yet

// Both return what can be sent: the whole of it, or the lines that are complete.
std::span<char> turn_round(std::span<char> bytes) {
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

std::span<char> turn_lines_round(std::span<char> bytes, std::size_t searched) {
  char* line = bytes.data();
  char* const end = line + bytes.size();
  const auto next = [end](char* from) {
    return static_cast<char*>(std::memchr(from, '\n', static_cast<std::size_t>(end - from)));
  };
  for (char* newline = next(line + searched); newline != nullptr; newline = next(line)) {
    std::reverse(line, newline);
    line = newline + 1;
  }
  return {bytes.data(), line};
}

// False if the connection is over.
bool serve(int connection, bool lines) {
  std::string* const rest = lines ? &begun[static_cast<std::size_t>(connection)] : nullptr;
  const std::size_t before = rest != nullptr ? rest->copy(buffer.data(), buffer.size()) : 0;
  if (before == buffer.size()) return false; // no line may be longer
  const ssize_t count = ::recv(connection, buffer.data() + before, buffer.size() - before, 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) return false;
  const std::span<char> bytes(buffer.data(), before + static_cast<std::size_t>(count));
  const auto replies = rest != nullptr ? turn_lines_round(bytes, before) : turn_round(bytes);
  if (rest != nullptr) rest->assign(bytes.begin() + static_cast<std::ptrdiff_t>(replies.size()), bytes.end());
  return send_all(connection, replies);
}

void add(int epoll, int descriptor) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
}

void accept_all(int epoll, int listener) {
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0 && errno == EAGAIN) return;
    if (connection < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    send_at_once(checked(connection, "accept4"));
    const auto number = static_cast<std::size_t>(connection);
    if (begun.size() <= number) begun.resize(number + 1);
    begun[number].clear();
    add(epoll, connection);
  }
}

} // namespace

int main(int argc, char** argv) {
  const bool lines = argc > 1 && std::string_view(argv[1]) == "line";
  const int listener = listen_on_free_port(SOCK_NONBLOCK | SOCK_CLOEXEC);
  const int epoll = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  add(epoll, listener);
  std::array<epoll_event, 512> events;
  for (;;) {
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno == EINTR) continue;
    for (const auto& event : std::span(events).first(static_cast<std::size_t>(checked(ready, "epoll_wait")))) {
      if (event.data.fd == listener) {
        accept_all(epoll, listener);
      } else if (!serve(event.data.fd, lines)) {
        checked(::close(event.data.fd), "close");
      }
    }
  }
}
