// Minimal server with a thread for each connection: the lower bound for blocking calls.
//     threads_server     listens on a free port of 127.0.0.1, and prints it
#include "tools/bench/servers/floor.hpp"

#include "shared/process/thread.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace {

using namespace revecho::bench;

void serve(int connection) {
  std::array<char, std::size_t{16} * 1024> buffer;
  for (;;) {
    const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    const auto bytes = std::span(buffer).first(static_cast<std::size_t>(count));
    std::reverse(bytes.begin(), bytes.end());
    if (!send_all(connection, bytes)) break;
  }
  checked(::close(connection), "close");
}

} // namespace

int main() {
  const int listener = listen_on_free_port(SOCK_CLOEXEC);
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    send_at_once(checked(connection, "accept4"));
    revecho::start_detached_thread([=] { serve(connection); }); // without one the program ends, as the rest does
  }
}
