// Answers of the servers, byte by byte, in each framing.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <csignal>
#include <string>

using namespace revecho::test;
using namespace std::string_literals;

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

// Bytes that differ from their neighbors, none of them a line break.
std::string long_message(std::size_t size) {
  std::string message;
  while (message.size() < size)
    message += static_cast<char>(' ' + message.size() % 211);
  return message;
}

} // namespace

// Direct: in raw a message is what a read returns.
TEST_CASE("server: sends back what one read returned, reversed, by default", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v);
  {
    peer client(server.port());
    client.send("Hello Server!\n");
    CHECK(client.receive(14) == "\n!revreS olleH");
    client.send("again"); // the connection stays open
    CHECK(client.receive(5) == "niaga");
    client.half_close();
    CHECK(client.receive_all().empty());
  }
  CHECK(totals(server.stop()) == "served 1 connection, 2 messages, 19 B in, 19 B out\n");
}

TEST_CASE("server: reverses each line and keeps its terminator") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  {
    peer client(server.port());
    client.send("Hello\n");
    CHECK(client.receive(6) == "olleH\n");
    client.send("Hello\r\n");
    CHECK(client.receive(7) == "olleH\r\n");
    client.send("\n\r\n");
    CHECK(client.receive(3) == "\n\r\n");
    client.send("a\rb\n\r\r\n");
    CHECK(client.receive(7) == "b\ra\n\r\r\n");
    client.send("in the middle");
    client.send(" of a line\n");
    CHECK(client.receive(24) == "enil a fo elddim eht ni\n");
  }
  CHECK(ask(server.port(), "\0\x80\xff end\0x\n"s) == "x\0dne \xff\x80\0\n"s);
  CHECK(ask(server.port(), "one\nno terminator") == "eno\nrotanimret on");
  CHECK(ask(server.port(), "abc\r") == "\rcba");
  CHECK(ask(server.port(), "").empty());
  server.stop();
}

TEST_CASE("server: reverses the bytes after each length") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length"});
  {
    peer client(server.port());
    client.send("\0\0\0\3abc"s);
    CHECK(client.receive(7) == "\0\0\0\3cba"s);
    client.send("\0\0\0\0"s);
    CHECK(client.receive(4) == "\0\0\0\0"s);
    client.send("\0\0\0\0\0\0\0\1x\0\0\0\2\n\0"s);
    CHECK(client.receive(15) == "\0\0\0\0\0\0\0\1x\0\0\0\2\0\n"s);
    client.half_close();
    CHECK(client.receive_all().empty());
  }
  CHECK(ask(server.port(), "").empty());
  server.stop();
}

TEST_CASE("server: reverses everything up to the half-close") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "eof"});
  CHECK(ask(server.port(), "abc") == "cba");
  CHECK(ask(server.port(), "").empty());
  CHECK(ask(server.port(), "\n\0\xff\r\n"s) == "\n\r\xff\0\n"s);
  {
    peer client(server.port());
    client.send("before the half-close ");
    client.send("nothing is answered");
    CHECK(client.is_silent_for(std::chrono::milliseconds(50)));
    client.half_close();
    CHECK(client.receive_all() == "derewsna si gnihton esolc-flah eht erofeb");
  }
  // Nothing tells an empty message from a connection that only looks whether somebody listens.
  CHECK_THAT(
      totals(server.stop()), StartsWith("served 3 connections, 3 messages, ") && contains("1 left without a byte"));
}

TEST_CASE("server: answers what was complete before the half-close") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length");
  CAPTURE(v.name, framing);
  server_process server(v, {"--framing", framing});
  CHECK(ask(server.port(), framed(framing, "one") + framed(framing, "two")) ==
        framed(framing, "eno") + framed(framing, "owt"));
  server.stop();
}

TEST_CASE("server: answers a message of exactly the limit") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(v.name, framing);
  SECTION("of a mebibyte, by default") {
    const auto message = long_message(mebibyte);
    server_process server(v, {"--framing", framing});
    const auto reply = ask(server.port(), framed(framing, message));
    CHECK(reply.size() == framed(framing, message).size());
    CHECK((reply == framed(framing, reversed(message))));
    server.stop();
  }
  SECTION("of a few bytes, with --max-message") {
    server_process server(v, {"--framing", framing, "--max-message", "5"});
    CHECK(ask(server.port(), framed(framing, "abcde")) == framed(framing, "edcba"));
    if (framing == "line") {
      CHECK(ask(server.port(), "abcde\r\n") == "edcba\r\n");
      CHECK(ask(server.port(), "abcde") == "edcba");
    }
    CHECK(totals(server.stop()).find("limit") == std::string::npos);
  }
}

TEST_CASE("server: answers a thousand messages that arrive together, in order") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length");
  CAPTURE(v.name, framing);
  std::string sent;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const auto message = "message " + std::to_string(i);
    sent += framed(framing, message);
    expected += framed(framing, reversed(message));
  }
  server_process server(v, {"--framing", framing});
  peer client(server.port());
  client.send(sent);
  CHECK((client.receive(expected.size()) == expected));
  client.close();
  CHECK_THAT(totals(server.stop()), StartsWith("served 1 connection, 1k messages, "));
}

TEST_CASE("server: puts frames together wherever they are cut") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length"});
  const auto sent = length_frame("one") + length_frame("") + length_frame("three");
  const auto expected = length_frame("eno") + length_frame("") + length_frame("eerht");
  peer client(server.port());
  for (std::size_t first = 0; first < sent.size(); ++first) {
    for (std::size_t second = first; second < sent.size(); second += 3) {
      CAPTURE(first, second);
      client.send(sent.substr(0, first));
      client.send(sent.substr(first, second - first));
      client.send(sent.substr(second));
      REQUIRE(client.receive(expected.size()) == expected);
    }
  }
  client.close();
  server.stop();
}

// Direct: in raw a message is what a read returns.
TEST_CASE("server: answers raw bytes of more than a read in reversed pieces", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--max-message", "10"});
  peer client(server.port());
  client.send("abcdefghijklmnopqrstuvwxy");
  CHECK(client.receive(25) == "jihgfedcbatsrqponmlkyxwvu");
  client.close();
  server.stop();
}

// Direct: a proxy takes urgent bytes for its own.
TEST_CASE("server: takes urgent bytes for ordinary ones, each in its place", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const bool together = GENERATE(true, false);
  CAPTURE(v.name, together);
  server_process server(v, {"--framing", "line"});
  peer client(server.port());
  for (int i = 0; i < 3; ++i) {
    if (together) server.pause(); // so that it reads all of it at once
    client.send("ab");
    client.send_urgent('c');
    client.send("d");
    client.send_urgent('e');
    client.send("fg\n");
    client.send_urgent('h');
    client.send("i\n");
    server.signal(SIGCONT);
    REQUIRE(client.receive(11) == "gfedcba\nih\n");
  }
  client.close();
  server.stop();
}
