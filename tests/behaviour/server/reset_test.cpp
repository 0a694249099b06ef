// Clients that vanish.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

using namespace revecho::test;

TEST_CASE("server: loses only the connection that is reset, at whichever byte") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length", "eof", "raw");
  if (framing == "raw" && behind_proxy()) return; // its replies come as the proxy cuts the messages
  CAPTURE(v.name, framing);
  server_process server(v, {"--framing", framing});
  const auto descriptors = server.descriptors();
  for (int i = 0; i < 10; ++i)
    CHECK(answers(server.port(), framing));
  CHECK(eventually([&] { return server.descriptors() == descriptors; }));
  const auto threads = server.threads().size();

  std::optional<peer> neighbor;
  if (v.at_once > 1) neighbor.emplace(server.port());
  const auto frame = framed(framing, "abc");
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    peer client(server.port());
    client.send(frame.substr(0, size));
    client.reset();
  }
  if (neighbor) {
    neighbor->send(frame);
    if (framing == "eof") neighbor->half_close();
    CHECK(neighbor->receive(frame.size()) == framed(framing, "cba"));
    neighbor->close();
  }
  CHECK(answers(server.port(), framing));
  CHECK(eventually([&] { return server.descriptors() == descriptors; }));
  CHECK(eventually([&] { return server.threads().size() <= threads; }));
  const auto log = server.stop();
  const auto served = frame.size() + 11 + (neighbor ? 1 : 0); // the one without a byte is a probe
  CHECK_THAT(totals(log), StartsWith("served " + std::to_string(served) + " connections, "));
  CHECK_THAT(totals(log), EndsWith("; 1 left without a byte; " + std::to_string(frame.size()) + " reset or failed\n"));
  CHECK_THAT(log, contains(": connection ended: Connection reset by peer\n"));
}

TEST_CASE("server: survives a client that resets while replies are on their way to it") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  std::string lines;
  for (int i = 0; i < 100'000; ++i)
    lines += "line " + std::to_string(i) + "\n";
  for (int i = 0; i < 5; ++i) {
    peer client(server.port());
    client.send_while_taken(lines, std::chrono::milliseconds(10));
    client.receive(1000);
    client.reset();
  }
  CHECK(answers(server.port(), "line"));
  CHECK_THAT(totals(server.stop()), EndsWith("; 5 reset or failed\n"));
}

TEST_CASE("server: survives the kill of all its clients while they talk") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length"});
  const auto descriptors = server.descriptors();
  for (int i = 0; i < 3; ++i) {
    process clients("revecho-stress", {std::to_string(server.port()), "--framing", "length", "--clients", "10",
                                          "--duration", "1h", "--size", "exp:10KiB", "--pipeline", "4"});
    const auto busy = std::min<std::size_t>(v.at_once, 10);
    CHECK(eventually([&] { return server.descriptors() >= descriptors + busy; }));
    clients.signal(SIGKILL);
    clients.wait();
  }
  CHECK(answers(server.port(), "length"));
  CHECK(eventually([&] { return server.descriptors() == descriptors; }));
  server.stop();
}

TEST_CASE("server: gives back the threads and descriptors of a crowd that vanishes") {
  const auto v = GENERATE(from_range(variants_serving(100)));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  const auto descriptors = server.descriptors();
  for (int i = 0; i < 10; ++i)
    CHECK(answers(server.port(), "line"));
  CHECK(eventually([&] { return server.descriptors() == descriptors; }));
  const auto threads = server.threads().size();
  {
    std::vector<peer> crowd;
    for (int i = 0; i < 100; ++i) {
      crowd.emplace_back(server.port());
      crowd.back().send("line\nhalf a li");
      CHECK(crowd.back().receive(5) == "enil\n");
    }
    CHECK(server.descriptors() == descriptors + 100);
    for (auto& client : crowd)
      client.reset();
  }
  CHECK(eventually([&] { return server.descriptors() == descriptors; }));
  CHECK(eventually([&] { return server.threads().size() <= threads; }));
  CHECK(answers(server.port(), "line"));
  CHECK_THAT(totals(server.stop()), EndsWith("; 100 reset or failed\n"));
}
