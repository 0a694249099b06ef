// Clients that break the protocol: they get what is owed to them and a clean end, and nobody else notices.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <cstddef>
#include <string>
#include <vector>

using namespace revecho::test;
using namespace std::string_literals;

namespace {

constexpr std::size_t limit = 1000;

struct violation {
  std::string framing;
  std::string bytes;   // the first of them are messages that are owed a reply
  std::string replies; // to those
};

std::vector<violation> messages_over_the_limit() {
  const std::string most(limit, 'm');
  return {
      {"line", "one\ntwo\r\n" + most + "x", "eno\nowt\r\n"},
      {"line", "one\n" + most + "x\n", "eno\n"},
      {"line", most + "\n" + most + "\r\r\n", most + "\n"},
      {"length", length_frame("one") + "\0\0\3\xe9"s, length_frame("eno")},
      {"length", length_frame("one") + length_frame("two") + "\xff\xff\xff\xff"s,
          length_frame("eno") + length_frame("owt")},
      {"eof", most + "x", ""},
  };
}

} // namespace

TEST_CASE("server: answers what came before a message over the limit, then ends the connection in an orderly way") {
  const auto v = GENERATE(from_range(variants()));
  const auto bad = GENERATE(from_range(messages_over_the_limit()));
  CAPTURE(v.name, bad.framing, bad.replies);
  server_process server(v, {"--framing", bad.framing, "--max-message", std::to_string(limit)});
  std::string line;
  SECTION("when the client waits") {
    peer client(server.port());
    line = server.name_of(client.address()) + ": connection ended: message over the limit\n";
    client.send(bad.bytes);
    CHECK(client.receive_all() == bad.replies);
  }
  SECTION("when the client goes on sending") {
    peer client(server.port());
    line = server.name_of(client.address()) + ": connection ended: message over the limit\n";
    client.send(bad.bytes);
    client.send(std::string(6 * 1024 * 1024, 'x'));
    CHECK(client.receive_all() == bad.replies);
  }
  SECTION("when the client has sent all and half-closed before") {
    peer client(server.port());
    line = server.name_of(client.address()) + ": connection ended: message over the limit\n";
    client.send(bad.bytes);
    client.half_close();
    CHECK(client.receive_all() == bad.replies);
  }
  CHECK(answers(server.port(), bad.framing));
  const auto log = server.stop();
  CHECK_THAT(log, contains("\nwarning: " + line));
  CHECK_THAT(totals(log), contains("; 1 over the message limit\n"));
}

TEST_CASE("server: ends a connection whose unterminated last line is over the limit") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--max-message", "3"});
  CHECK(ask(server.port(), "one\nabc\r") == "eno\n"); // without '\n' the '\r' is part of the message
  CHECK(answers(server.port(), "eof") == false);      // a line of more than 3 bytes
  CHECK(ask(server.port(), "one") == "eno");
  CHECK_THAT(totals(server.stop()), contains("; 2 over the message limit\n"));
}

TEST_CASE("server: drops a length frame that the half-close cuts, and answers those before it") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length"});
  const auto frame = length_frame("abc");
  for (std::size_t size = 1; size < frame.size(); ++size) {
    CAPTURE(size);
    CHECK(ask(server.port(), frame.substr(0, size)).empty());
    CHECK(ask(server.port(), length_frame("one") + frame.substr(0, size)) == length_frame("eno"));
  }
  peer client(server.port());
  const auto line =
      "\nwarning: " + server.name_of(client.address()) + ": connection ended: stream ended inside a message\n";
  client.send("\0\0"s);
  client.half_close();
  CHECK(client.receive_all().empty());
  client.close();
  CHECK(answers(server.port(), "length"));
  const auto log = server.stop();
  CHECK_THAT(log, contains(line));
  CHECK_THAT(totals(log), contains("; 13 ended inside a message\n"));
}

TEST_CASE("server: closes a connection that broke the protocol, even if the client never does") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length"});
  const auto before = server.descriptors();
  peer client(server.port());
  client.send("\xff\xff\xff\xff"s);
  CHECK(client.receive_all().empty());
  CHECK(eventually([&] { return server.descriptors() == before; }));
  CHECK(answers(server.port(), "length"));
  server.stop();
}

TEST_CASE("server: does not take memory for the length that a client claims") {
  const auto v = GENERATE(from_range(variants_serving(4)));
  CAPTURE(v.name);
  constexpr std::size_t mebibyte = 1024 * 1024;
  constexpr std::size_t shadow =
      sanitized ? 1024 * mebibyte : 0; // a sanitizer marks what is allocated, more or less of it
  server_process server(v, {"--framing", "length", "--max-message", "1GiB"});
  CHECK(answers(server.port(), "length"));
  const auto before = server.peak_memory();
  std::vector<peer> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(server.port());
    clients.back().send("\x40\0\0\0only this much of a gibibyte"s);
  }
  CHECK(answers(server.port(), "length"));
  for (auto& client : clients) {
    client.half_close();
    CHECK(client.receive_all().empty()); // now the server has read all of it
  }
  CHECK(server.peak_memory() < before + 64 * mebibyte + shadow);
  clients.clear();
  CHECK_THAT(totals(server.stop()), contains("; 3 ended inside a message\n"));
}
