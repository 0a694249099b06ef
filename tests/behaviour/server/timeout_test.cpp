// Clients that take too long: their connection ends, and the others are served. Nothing here asserts that
// anything is fast: a time-out that never came would be found by the deadline of the test.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <chrono>
#include <csignal>
#include <optional>
#include <string>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

// The log's line about the end of this connection.
std::string end_of(const std::string& client, const std::string& reason) {
  return "\nwarning: " + client + ": connection ended: " + reason + "\n";
}

// Sends one byte after the other, each long before the next is due, until the server has had enough.
void drip(peer& client, const std::string& byte) {
  REQUIRE(eventually([&] {
    if (!client.is_silent_for(20ms)) return true;
    return !client.try_send(byte);
  }));
}

} // namespace

TEST_CASE("server: ends a connection that is idle for too long, and serves the others") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--idle-timeout", "300ms"});
  std::optional<peer> client;
  SECTION("from the beginning") { client.emplace(server.port()); }
  SECTION("after a message") {
    CHECK(eventually([&] { // on a machine that is busy enough, the time-out comes before the message
      client.emplace(server.port());
      return client->try_send("one\n") && client->receive_some() == "eno\n";
    }));
  }
  const auto name = server.name_of(client->address());
  CHECK(eventually([&] { return answers(server.port(), "line"); })); // in iterative, this waits for the time-out
  CHECK(client->receive_end());
  client.reset();
  const auto log = server.stop();
  CHECK_THAT(log, contains(end_of(name, "idle for too long")));
  CHECK_THAT(totals(log), contains(" timed out idle"));
}

TEST_CASE("server: ends a connection whose message does not end, however steadily it drips") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(framing);
  server_process server(v, {"--framing", framing, "--message-timeout", "200ms"});
  peer client(server.port());
  const auto name = server.name_of(client.address());
  if (framing != "eof") {
    client.send(framed(framing, "one"));
    CHECK(client.receive(framed(framing, "one").size()) == framed(framing, "eno"));
  }
  if (framing == "length") client.send(std::string("\0\1\0\0", 4));
  drip(client, "x");
  CHECK(client.receive_end());
  client.close();
  CHECK(eventually([&] { return answers(server.port(), framing); }));
  const auto log = server.stop();
  CHECK_THAT(log, contains(end_of(name, "message took too long to arrive")));
  CHECK_THAT(totals(log), contains(" timed out in a message"));
}

TEST_CASE("server: times each message for itself") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--message-timeout", "300ms"});
  peer client(server.port());
  // All of it takes longer than the time-out of a message, but no message begins before the one ahead has
  // ended, and silence between them is not timed.
  for (int i = 0; i < 5; ++i) {
    client.send("first\n");
    CHECK(client.receive(6) == "tsrif\n");
    CHECK(client.is_silent_for(100ms));
  }
  client.close();
  CHECK_THAT(totals(server.stop()), !contains("timed out"));
}

TEST_CASE("server: ends a connection whose client does not read, and keeps its own memory small") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--write-timeout", "500ms"});
  CHECK(answers(server.port(), "line"));
  const auto memory = server.memory();
  peer client(server.port(), 4096);
  const auto name = server.name_of(client.address());
  std::string lines;
  while (lines.size() < 64 * 1024 * 1024)
    lines += std::string(999, 'x') + '\n';
  const auto sent = client.send_while_taken(lines, patience()); // until the server ends it
  CHECK(sent < lines.size());
  CHECK(server.memory() < memory + 32 * 1024 * 1024);
  CHECK(eventually([&] { return answers(server.port(), "line"); }));
  client.close();
  const auto log = server.stop();
  CHECK_THAT(log, contains(end_of(name, "replies were not read in time")));
  CHECK_THAT(totals(log), contains("; 1 timed out not reading"));
}

TEST_CASE("server: serves one client while others are idle, in a message, or not reading") {
  const auto v = GENERATE(from_range(variants_serving(4)));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  {
    peer idle(server.port());
    peer in_message(server.port());
    peer not_reading(server.port(), 4096);
    in_message.send("half a ");
    not_reading.send_while_taken(std::string(64 * 1024 * 1024, '\n'), 200ms);
    peer client(server.port());
    for (int i = 0; i < 100; ++i) {
      client.send("a question\n");
      CHECK(client.receive(11) == "noitseuq a\n");
    }
    in_message.send("line\n");
    CHECK(in_message.receive(12) == "enil a flah\n");
    idle.send("not any more\n");
    CHECK(idle.receive(13) == "erom yna ton\n");
    not_reading.reset();
  }
  CHECK_THAT(totals(server.stop()), !contains("timed out"));
}

// Direct: what costs the server time is its own socket.
TEST_CASE("server: sleeps while a client that has half-closed does not read", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length", "--max-message", "32MiB", "--write-timeout", "2s"});
  peer client(server.port(), 4096);
  client.send(framed("length", std::string(32 * 1024 * 1024, 'x'))); // far more than sockets hold
  client.half_close();
  const auto before = server.processor_time();
  server.wait_for_log("replies were not read in time");
  CHECK(server.processor_time() - before < 1s); // of the two in which there was nothing to do
  client.close();
  server.stop();
}

TEST_CASE("server: waits for ever if the time-outs are zero") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(
      v, {"--framing", "line", "--idle-timeout", "0", "--message-timeout", "0", "--write-timeout", "0"});
  peer client(server.port());
  CHECK(client.is_silent_for(100ms));
  client.send("half");
  CHECK(client.is_silent_for(100ms));
  client.send(" a line\n");
  CHECK(client.receive(12) == "enil a flah\n");
  client.close();
  server.stop();
}

// Direct: in raw a message is what a read returns, and a connection that is in a proxy has not arrived.
TEST_CASE("server: ends at SIGTERM while its client sits idle, without waiting for the drain time-out", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--drain-timeout", "1h"});
  peer client(server.port());
  SECTION("silent from the beginning") {}
  SECTION("after a message") {
    client.send("one");
    CHECK(client.receive(3) == "eno");
  }
  SECTION("and it never closes") {
    server.signal(SIGTERM);
    CHECK(server.wait().exit_code == 0);
  }
  server.signal(SIGTERM);
  CHECK(client.receive_all().empty());
  client.close();
  CHECK(server.wait().exit_code == 0);
}
