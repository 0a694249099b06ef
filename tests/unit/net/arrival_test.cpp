// When bytes arrived, as the kernel tells it.
#include "tests/support/catch.hpp"
#include "tests/support/skip.hpp"

#include "shared/net/socket.hpp"

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <optional>
#include <system_error>
#include <thread>

using namespace revecho;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

struct connection {
  unique_descriptor client;
  unique_descriptor server;
};

connection over_loopback() {
  const auto listener = bind_listening_socket(*socket_address::parse("127.0.0.1", 0), false);
  start_listening(listener.get(), 1);
  std::error_code error;
  connection made;
  made.client = start_connecting(local_address(listener.get()), {}, error);
  socket_address peer;
  do
    made.server = accept_connection(listener.get(), 0, peer, error);
  while (!made.server);
  return made;
}

} // namespace

TEST_CASE("arrival: is known to have been as long ago as it was") {
  const auto both = over_loopback();
  REQUIRE(stamp_arrivals(both.client.get()));
  std::array<char, 100> buffer{};
  std::optional<std::chrono::nanoseconds> lay_for;
  for (int tries = 0; tries < 100 && !lay_for; ++tries) { // the kernel begins to note times a little later
    const auto before = steady::now();
    REQUIRE(::send(both.server.get(), "12345", 5, 0) == 5);
    const auto sent = steady::now();
    std::this_thread::sleep_for(30ms);
    const auto least = steady::now() - sent;
    REQUIRE(receive_stamped(both.client.get(), buffer, lay_for) == 5);
    const auto most = steady::now() - before;
    if (!lay_for) continue;
    CHECK(*lay_for >= least - 1ms); // another clock
    CHECK(*lay_for <= most + 1ms);
  }
  CHECK(lay_for);
}

TEST_CASE("arrival: is not known where nobody asked the kernel to note it, or nothing came") {
  const auto both = over_loopback();
  std::array<char, 100> buffer{};
  std::optional<std::chrono::nanoseconds> lay_for = 1s;
  CHECK(receive_stamped(both.client.get(), buffer, lay_for) == -1);
  CHECK_FALSE(lay_for);
  REQUIRE(::send(both.server.get(), "1", 1, 0) == 1);
  CHECK(receive_stamped(both.client.get(), buffer, lay_for) == 1);
  CHECK_FALSE(lay_for);
}
