// SIGTERM: what has begun is finished, nothing is lost or cut, and the server ends with 0.
// Direct, where what a client has sent must have arrived when the signal comes, and not be in a proxy.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

// Sends one frame after the other and checks each reply, until the server ends the stream: which it may do at
// the boundary of two messages only. Returns how many were answered.
std::size_t ping_pong(std::uint16_t port, std::size_t number, std::atomic<std::size_t>& answered) {
  peer client(port);
  for (std::size_t count = 0;; ++count) {
    const auto message = "client " + std::to_string(number) + ", message " + std::to_string(count);
    const auto expected = length_frame(reversed(message));
    if (!client.try_send(length_frame(message))) throw std::runtime_error("reset while sending " + message);
    const auto first = client.receive_some(); // throws at a reset
    if (first.empty()) return count;
    const auto reply = first.size() < expected.size() ? first + client.receive(expected.size() - first.size()) : first;
    if (reply != expected) throw std::runtime_error("a wrong reply to " + message);
    ++answered;
  }
}

} // namespace

TEST_CASE("server: sends a delayed reply that is pending when SIGTERM comes", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--delay", "150ms", "--drain-timeout", "1h"});
  peer client(server.port());
  client.send("one\ntwo\n");
  SECTION("at once") {}
  SECTION("after the first reply") { CHECK(client.receive(4) == "eno\n"); }
  server.signal(SIGTERM);
  CHECK_THAT(client.receive_all(), EndsWith("owt\n"));
  client.close();
  const auto end = server.wait();
  CHECK(end.exit_code == 0);
  CHECK_THAT(totals(end.errors), StartsWith("served 1 connection, 2 messages, "));
}

TEST_CASE("server: answers what has arrived before SIGTERM, even from clients still in the backlog", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--delay", "20ms", "--drain-timeout", "1h"});
  std::vector<peer> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back(server.port());
    clients.back().send("line " + std::to_string(i) + "\n");
  }
  server.signal(SIGTERM);
  for (int i = 0; i < 10; ++i) {
    CHECK(clients[static_cast<std::size_t>(i)].receive_all() == std::to_string(i) + " enil\n");
    clients[static_cast<std::size_t>(i)].close();
  }
  CHECK(server.wait().exit_code == 0);
}

TEST_CASE("server: lets a message that has begun before SIGTERM be finished, and answers it", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(v.name, framing);
  server_process server(v, {"--framing", framing, "--drain-timeout", "1h"});
  peer client(server.port());
  const auto frame = framed(framing, "half and half");
  client.send(frame.substr(0, 7));
  server.signal(SIGTERM);
  server.wait_for_log("stopping: ");
  CHECK(client.is_silent_for(50ms));
  client.send(frame.substr(7));
  if (framing == "eof") client.half_close();
  CHECK(client.receive_all() == framed(framing, "flah dna flah"));
  client.close();
  const auto end = server.wait();
  CHECK(end.exit_code == 0);
  CHECK_THAT(totals(end.errors), contains(" 1 message, "));
}

// Direct: a proxy goes on listening.
TEST_CASE("server: refuses new connections once it is told to stop", "[direct]") {
  const auto v = GENERATE(from_range(variants_serving(2)));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--drain-timeout", "1h"});
  peer client(server.port());
  client.send("half");
  server.signal(SIGTERM);
  CHECK(eventually([&] { return is_refused(server.port()); }));
  client.send(" a line\n");
  CHECK(client.receive_all() == "enil a flah\n");
  client.close();
  CHECK(server.wait().exit_code == 0);
}

TEST_CASE("server: waits for a message no longer than --drain-timeout", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--drain-timeout", "300ms"});
  peer client(server.port());
  client.send("this line never ends");
  server.signal(SIGTERM);
  const auto end = server.wait();
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.errors, contains("\nwarning: closed 1 unfinished connections\n"));
  CHECK(client.receive_end());
}

TEST_CASE("server: ends at once, with 1, at the second signal", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const int second = GENERATE(SIGTERM, SIGINT);
  CAPTURE(v.name, second);
  server_process server(v, {"--framing", "line", "--drain-timeout", "1h", "--delay", "1h"});
  peer in_message(server.port());
  in_message.send("this line never ends");
  peer delayed(server.port());
  delayed.send("this reply never comes\n");
  server.signal(SIGINT);
  server.wait_for_log("stopping: ");
  server.signal(second);
  const auto end = server.wait();
  CHECK(end.exit_code == 1);
  CHECK(end.signal == 0);
  CHECK_THAT(totals(end.errors), StartsWith("served "));
}

TEST_CASE("server: cuts no reply and resets nobody when SIGTERM comes under load") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  for (int round = 0; round < 5; ++round) {
    CAPTURE(round);
    server_process server(v, {"--framing", "length", "--drain-timeout", "1h"});
    const auto clients = std::min<std::size_t>(v.at_once, 8);
    std::vector<std::atomic<std::size_t>> answered(clients);
    std::vector<std::future<std::size_t>> counts;
    for (std::size_t i = 0; i < clients; ++i)
      counts.push_back(std::async(std::launch::async, ping_pong, server.port(), i, std::ref(answered[i])));
    const auto all_at_work = [&] {
      return std::all_of(answered.begin(), answered.end(), [](const auto& count) { return count > 20; });
    };
    CHECK(eventually(all_at_work));
    server.signal(SIGTERM);
    for (auto& count : counts)
      CHECK(count.get() > 20);
    const auto end = server.wait();
    CHECK(end.exit_code == 0);
    CHECK_THAT(totals(end.errors), !contains("reset or failed"));
  }
}

TEST_CASE("server: loses nobody who keeps sending without waiting when SIGTERM comes", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--drain-timeout", "1h"});
  peer client(server.port());
  std::size_t sent = 0;
  for (; sent < 2000; ++sent) {
    client.send("line\n");
    if (sent != 1000) continue;
    REQUIRE(eventually([&] { return client.has_arrived(); }));
    server.signal(SIGTERM);
  }
  const auto replies = client.receive_all();
  client.close();
  CHECK(replies.size() % 5 == 0);
  CHECK(replies.size() >= 1000 * 5); // all that had arrived
  CHECK(replies.size() <= sent * 5);
  CHECK(replies.find("enil\n", replies.size() - 5) == replies.size() - 5);
  CHECK(server.wait().exit_code == 0);
}
