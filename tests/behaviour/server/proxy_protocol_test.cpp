// Connections that begin with a PROXY header: what follows it is served, and the log names the client that it names. A
// connection without a right one is refused.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string line_v4 = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
const std::string block_v6 = signature + "\x21\x21\0\x29"s + "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"s +
                             "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s + "\xdc\4\1\xbb"s + "\4\0\2hi"s;
const std::string block_local = signature + "\x20\0\0\0"s;

struct header {
  std::string bytes;
  std::string client; // as the log names it; empty: the one that connects
};

std::vector<header> headers() {
  return {
      {line_v4, "192.0.2.7:56324"}, {block_v6, "[2001:db8::7]:56324"}, {block_local, ""}, {"PROXY UNKNOWN\r\n", ""}};
}

std::vector<std::string> with_options(std::vector<std::string> options) {
  options.insert(options.begin(), "--proxy-protocol");
  return options;
}

std::string end_of(const std::string& client, const std::string& reason) {
  return "\nwarning: " + client + ": connection ended: " + reason + "\n";
}

} // namespace

TEST_CASE("server: answers what comes after a PROXY header, in the same piece or later") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(v.name, framing);
  server_process server(v, with_options({"--framing", framing}));
  const auto stream = framing == "eof" ? "message"s : framed(framing, "one") + framed(framing, "two");
  const auto reply = expected_reply(framing, stream);
  for (const auto& [header, client] : headers()) {
    CHECK(ask(server.port(), header + stream) == reply);
    peer dripping(server.port());
    for (const char byte : header + stream)
      dripping.send({&byte, 1});
    dripping.half_close();
    CHECK(dripping.receive_all() == reply);
    peer waiting(server.port());
    waiting.send(header);
    CHECK(eventually([&] { return waiting.has_arrived(); }));
    waiting.send(stream);
    waiting.half_close();
    CHECK(waiting.receive_all() == reply);
  }
  const auto log = server.stop();
  CHECK_THAT(totals(log), StartsWith("served 12 connections, ") && EndsWith(" out\n"));
}

TEST_CASE("server: answers a raw message that comes with a PROXY header or after it", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--proxy-protocol"});
  CHECK(ask(server.port(), line_v4 + "message") == "egassem");
  peer client(server.port());
  client.send(block_v6);
  client.send("message");
  CHECK(client.receive(7) == "egassem");
  client.send(line_v4);
  CHECK(client.receive(line_v4.size()) == reversed(line_v4)); // only the first is a header
  client.close();
  server.stop();
}

TEST_CASE("server: logs the client that a PROXY header names") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, with_options({"--framing", "line", "--max-message", "3"}));
  std::vector<std::string> lines;
  for (const auto& [header, client] : headers()) {
    peer connection(server.port());
    lines.push_back(end_of(client.empty() ? server.name_of(connection.address()) : client, "message over the limit"));
    connection.send(header + "one\nthree\n");
    CHECK(connection.receive_all() == "eno\n");
  }
  const auto log = server.stop();
  for (const auto& line : lines)
    CHECK_THAT(log, contains(line));
}

TEST_CASE("server: refuses a connection without a right PROXY header, and says why") {
  struct wrong {
    std::string bytes;
    std::string reason;
    std::string counted;
  };
  const auto v = GENERATE(from_range(variants()));
  const auto bad = GENERATE(wrong{"Hello\n", "no PROXY header", "without a PROXY header"},
      wrong{"PROXY TCP4 192.0.2.7 198.51.100.1 56324 65536\r\nHello\n", "malformed PROXY header",
          "with a malformed PROXY header"},
      wrong{signature + "\x21\x11\0\x0b"s + "12345678901Hello\n", "malformed PROXY header",
          "with a malformed PROXY header"},
      wrong{"PROXY UNKNOWN " + std::string(200, 'x'), "PROXY header over the limit",
          "with a PROXY header over the limit"},
      wrong{signature + "\x20\0\xff\xff"s + "Hello\n", "PROXY header over the limit",
          "with a PROXY header over the limit"},
      wrong{block_v6.substr(0, 20), "stream ended inside the PROXY header", "ended inside the PROXY header"},
      wrong{"PROX", "stream ended inside the PROXY header", "ended inside the PROXY header"});
  CAPTURE(v.name, bad.bytes);
  server_process server(v, with_options({"--framing", "line"}));
  peer client(server.port());
  const auto name = server.name_of(client.address());
  client.send(bad.bytes);
  if (bad.counted.starts_with("ended")) client.half_close();
  CHECK(client.receive_end());
  client.close();
  CHECK(ask(server.port(), line_v4 + "Hello\n") == "olleH\n");
  const auto log = server.stop();
  CHECK_THAT(log, contains(end_of(name, bad.reason)));
  CHECK_THAT(totals(log), StartsWith("served 2 connections, 1 message, ") && EndsWith("; 1 " + bad.counted + "\n"));
}

TEST_CASE("server: times a PROXY header as it times a message") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const bool begins = GENERATE(false, true);
  server_process server(v, with_options({begins ? "--message-timeout" : "--idle-timeout", "200ms"}));
  peer client(server.port());
  const auto name = server.name_of(client.address());
  if (begins) client.send(line_v4.substr(0, 7));
  CHECK(client.receive_end());
  client.close();
  const auto log = server.stop();
  CHECK_THAT(log, contains(end_of(name, begins ? "message took too long to arrive" : "idle for too long")));
  CHECK_THAT(totals(log), EndsWith(begins ? "; 1 timed out in a message\n" : "; 1 timed out idle\n"));
}
