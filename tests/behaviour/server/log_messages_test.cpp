// --log-messages: a line for each message, with the words of the load tool if it is one of its own.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <cstddef>
#include <string>
#include <vector>

using namespace revecho::test;
using namespace std::string_literals;

namespace {

const std::vector<std::string> logging{"--log-level", "debug", "--log-messages", "--framing"};

std::vector<std::string> with(std::vector<std::string> options, const std::vector<std::string>& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

std::size_t count_of(const std::string& text, const std::string& in) {
  std::size_t count = 0;
  for (auto at = in.find(text); at != in.npos; at = in.find(text, at + text.size()))
    ++count;
  return count;
}

} // namespace

TEST_CASE("server: logs which message of the load tool each one is", "[direct]") {
  const auto v = GENERATE(from_range(variants_serving(2)));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(v.name, framing);
  server_process server(v, with(logging, {framing}));
  auto load = with({std::to_string(server.port()), "--clients", "2", "--messages", "3", "--size", "32"},
      {"--framing", framing, "--quiet"});
  if (framing == "line") load = with(load, {"--pipeline", "3"});
  const auto end = run("revecho-stress", load);
  CHECK(end.exit_code == 0);
  const auto log = server.stop();
  for (const std::string client : {"0", "1"}) {
    for (const std::string message : {"0", "1", "2"})
      CHECK(count_of(": client " + client + " message " + message + ", 32 B\n", log) == 1);
  }
  CHECK(count_of(" B\n", log) == 6);
}

TEST_CASE("server: logs the first bytes of a message that is not the load tool's, escaped") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, with(logging, {"length"}));
  const auto odd = "\"Hello\"\n\0\\\xff"s;
  const std::string long_one(1000, 'x');
  peer client(server.port());
  const auto name = server.name_of(client.address());
  client.send(length_frame(odd) + length_frame("") + length_frame(long_one) + length_frame("y"));
  client.half_close();
  CHECK(client.receive_all() ==
        length_frame(reversed(odd)) + length_frame("") + length_frame(long_one) + length_frame("y"));
  client.close();
  CHECK_THAT(server.stop(), contains("\n" + name + R"(: message "\x22Hello\x22\x0a\x00\x5c\xff", 11 B)" + "\n" + name +
                                     ": message \"\", 0 B\n" + name + ": message \"" + std::string(32, 'x') +
                                     "\", 1000 B\n" + name + ": message \"y\", 1 B\n"));
}

TEST_CASE("server: logs messages in JSON with their parts") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, with(logging, {"line", "--log-format", "json", "--delay", "1ms"}));
  CHECK(ask(server.port(), "one\n") == "eno\n");
  const auto end = run("revecho-stress", {std::to_string(server.port()), "--clients", "1", "--messages", "2",
                                             "--framing", "line", "--size", "20", "--quiet"});
  CHECK(end.exit_code == 0);
  CHECK_THAT(server.stop(), contains(R"(,"bytes":3,"begin":"one"})") &&
                                contains(R"(,"bytes":20,"client":0,"number":0})") &&
                                contains(R"(,"bytes":20,"client":0,"number":1})"));
}

TEST_CASE("server: logs no messages unless told to") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--log-level", "debug"});
  CHECK(ask(server.port(), "one\ntwo\n") == "eno\nowt\n");
  CHECK_THAT(server.stop(), !contains(": message"));
}
