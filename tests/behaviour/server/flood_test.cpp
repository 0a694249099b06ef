// A flood of connections that are reset at once: it must not end a server, nor keep it from stopping. Direct: it would
// be a proxy that is flooded.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace revecho::test;

namespace {

// Threads that connect and reset, without ever waiting, for as long as it lives.
class flood {
 public:
  explicit flood(std::uint16_t port) {
    for (auto& thread : threads_)
      thread = std::thread([this, port] {
        while (!over_)
          connect_and_reset(port);
      });
  }
  ~flood() {
    over_ = true;
    for (auto& thread : threads_)
      thread.join();
  }
  flood(const flood&) = delete;
  flood& operator=(const flood&) = delete;
  int connections() const { return connections_; }

 private:
  void connect_and_reset(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const linger discard{1, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &discard, sizeof discard);
    ::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    ::close(descriptor);
    ++connections_;
  }

  std::atomic<bool> over_ = false;
  std::atomic<int> connections_ = 0;
  std::array<std::thread, 4> threads_;
};

} // namespace

TEST_CASE("server: stops in a flood of connections, without waiting for the end of --drain-timeout", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--drain-timeout", "1h"});
  const flood connections(server.port());
  CHECK(eventually([&] { return connections.connections() > 1000; }));
  server.signal(SIGTERM);
  const auto end = server.wait();
  CAPTURE(end.signal, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.errors, !contains("cannot accept"));
}

TEST_CASE("server: ends at once at the second signal in a flood of connections", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--drain-timeout", "1h", "--delay", "1h"});
  peer delayed(server.port()); // keeps the server from being done
  delayed.send("this reply never comes\n");
  const flood connections(server.port());
  CHECK(eventually([&] { return connections.connections() > 1000; }));
  server.signal(SIGTERM);
  server.wait_for_log("stopping: ");
  server.signal(SIGTERM);
  CHECK(server.wait().exit_code == 1);
}

// Detaching a thread that ends meanwhile may crash (glibc reads what the thread has freed), in a flood of threads that
// live for microseconds, and then rarely: too rarely for a test. So it is not done at all.
TEST_CASE("server: detaches no thread that may have ended") {
  const auto v = behind(loading(library_path("no_detaching")), GENERATE(from_range(variants())));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  CHECK(answers(server.port(), "line"));
  server.stop();
}
