// How many connections a server takes: at once, and until it ends.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <string>
#include <system_error>
#include <vector>

using namespace revecho::test;

namespace {

constexpr std::size_t mebibyte = std::size_t{1024} * 1024;

// Asks over a connection that stays open; false if the server ends it instead.
bool is_served(peer& client) {
  try {
    return client.try_send("a question\n") && client.receive_some() == "noitseuq a\n";
  } catch (const std::system_error&) { // a reset
    return false;
  }
}

} // namespace

// Direct: behind a proxy, whose connections end later than the client's, it is not known which is one too many.
TEST_CASE("server: ends a connection over --max-connections at once, and serves the others", "[direct]") {
  const auto v = GENERATE(from_range(variants_serving(4)));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--max-connections", "2"});
  {
    peer first(server.port());
    peer second(server.port());
    CHECK(is_served(first));
    CHECK(is_served(second));
    peer third(server.port());
    CHECK(third.receive_end());
    CHECK_FALSE(is_served(third));
    CHECK(is_served(first));
    CHECK(is_served(second));
    first.close();
    CHECK(eventually([&] {
      peer next(server.port());
      return is_served(next);
    }));
    CHECK(is_served(second));
  }
  const auto log = server.stop();
  CHECK_THAT(log, contains(": refused: 2 connections are open\n"));
  CHECK_THAT(totals(log), contains(" refused"));
}

TEST_CASE("server: raises the soft limit of descriptors before it needs them") {
  const auto v =
      behind("ulimit -S -n 40", GENERATE(variant{"sync pool", "revecho-sync-server", {"--model", "pool"}, 10},
                                    variant{"async 20", "revecho-async-server", {"--threads", "20"}, 1},
                                    variant{"epoll 20", "revecho-epoll-server", {"--threads", "20"}, 1}));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  CHECK(answers(server.port(), "line"));
  server.stop();
}

TEST_CASE("server: promises no more connections than its threads and listeners leave descriptors for") {
  const auto v = behind("ulimit -n 256", GENERATE(variant{"sync pool", "revecho-sync-server", {"--model", "pool"}, 10},
                                             variant{"async 20", "revecho-async-server", {"--threads", "20"}, 1},
                                             variant{"epoll 20", "revecho-epoll-server", {"--threads", "20"}, 1}));
  CAPTURE(v.name);
  const std::vector<std::string> listen(4, "127.0.0.1:0");
  server_process server(v, {"--max-connections", "100000"}, listen);
  const std::string before = "100000 is more than the descriptor limit allows (";
  server.wait_for_log(before);
  const auto log = server.log();
  const auto possible = std::stoul(log.substr(log.find(before) + before.size()));
  CHECK(possible > 0);
  CHECK(server.descriptors() + possible <= 256);
  server.stop();
}

TEST_CASE("server: takes --max-connections for the others when clients have vanished") {
  const auto v = GENERATE(from_range(variants_serving(4)));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--max-connections", "1"});
  for (int i = 0; i < 20; ++i) {
    CHECK(eventually([&] {
      peer client(server.port());
      const bool served = is_served(client);
      client.reset();
      return served;
    }));
  }
  server.stop();
}

TEST_CASE("server: ends by itself, with 0, once it has served --exit-after connections") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--exit-after", "3"});
  for (int i = 0; i < 3; ++i)
    CHECK(answers(server.port(), "line"));
  const auto end = server.wait();
  CHECK(end.exit_code == 0);
  CHECK_THAT(totals(end.errors), StartsWith("served 3 connections, 3 messages, "));
}

TEST_CASE("server: answers a crowd whose messages are interleaved") {
  const auto v = GENERATE(from_range(variants_serving(200)));
  const std::string framing = GENERATE("line", "length");
  CAPTURE(v.name, framing);
  server_process server(v, {"--framing", framing});
  std::vector<peer> crowd;
  for (int i = 0; i < 200; ++i)
    crowd.emplace_back(server.port());
  const auto message = [](std::size_t client, int round) {
    return std::string(client * 7 % 50, 'x') + std::to_string(client) + ":" + std::to_string(round);
  };
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < crowd.size(); ++i)
      crowd[i].send(framed(framing, message(i, round)));
    for (std::size_t i = crowd.size(); i-- > 0;) {
      const auto expected = framed(framing, reversed(message(i, round)));
      REQUIRE(crowd[i].receive(expected.size()) == expected);
    }
  }
  crowd.clear();
  CHECK_THAT(totals(server.stop()), StartsWith("served 200 connections, 1k messages, "));
}

// Direct: half a gigabyte in small pieces takes too long.
TEST_CASE("server: keeps no memory for messages that it has answered, however large they were", "[direct]") {
  // A sanitizer is told not to keep what has been freed.
  const auto v =
      behind("export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1", GENERATE(from_range(variants_serving(32))));
  CAPTURE(v.name);
  constexpr std::size_t size = 4 * mebibyte;
  server_process server(v, {"--framing", "length", "--max-message", "4MiB"});
  const auto before = server.memory();
  const auto frame = length_frame(std::string(size, 'x'));
  std::vector<peer> idle;
  for (int i = 0; i < 32; ++i) {
    idle.emplace_back(server.port());
    idle.back().send(frame);
    REQUIRE((idle.back().receive(frame.size()) == frame));
  }
  // Less than what was sent, by more than what an allocator keeps for later.
  CHECK(eventually([&] { return server.memory() < before + 24 * size; }));
  idle.clear();
  server.stop();
}

TEST_CASE("server: answers everybody in a crowd, however few at once") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  std::vector<peer> crowd;
  for (int i = 0; i < 200; ++i) {
    crowd.emplace_back(server.port());
    for (int line = 0; line < 5; ++line)
      crowd.back().send("client " + std::to_string(i) + ", line " + std::to_string(line) + "\n");
    crowd.back().half_close();
  }
  for (std::size_t i = 0; i < crowd.size(); ++i) {
    std::string expected;
    for (int line = 0; line < 5; ++line)
      expected += reversed("client " + std::to_string(i) + ", line " + std::to_string(line)) + "\n";
    REQUIRE(crowd[i].receive_all() == expected);
  }
  crowd.clear();
  CHECK_THAT(totals(server.stop()), StartsWith("served 200 connections, 1k messages, "));
}
