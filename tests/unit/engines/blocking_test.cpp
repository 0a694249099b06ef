// Deadlines of the blocking engine that no signal can enforce.
#include "tests/support/catch.hpp"

#include "sync/io.hpp"

#include <array>
#include <chrono>
#include <string>
#include <sys/socket.h>
#include <thread>

using namespace revecho;
using namespace revecho::sync;
using namespace std::chrono_literals;

TEST_CASE("stream: a deadline ends reading from a peer that sends without a pause") {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  std::error_code error;
  const auto give_up = std::chrono::steady_clock::now() + 10s;
  const std::jthread sender([socket = unique_descriptor(ends[1])] {
    const std::string bytes(65'536, 'x');
    while (::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0)
      ;
  });
  context threads(50ms);
  const auto main = [&] {
    stream connection(threads, unique_descriptor(ends[0]), {});
    const auto deadline = deadline_after(50ms);
    while (!error && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(1ms); // so that the next read never has to wait
      connection.read_some(deadline, on_stop::wait, error);
    }
  };
  threads.run(main);
  CHECK(error == std::errc::timed_out);
}
