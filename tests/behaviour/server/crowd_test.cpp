// A thousand clients that mean no good, at once: others are served meanwhile, memory stays within the bound that
// README states, and once they are gone nothing is left of them. Not through a proxy, which would have to survive them
// first.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include "shared/process/descriptor_limit.hpp"

#include <algorithm>
#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <string_view>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kibibyte = 1024;
constexpr std::size_t mebibyte = 1024 * kibibyte;

// As README has it, without the share of --threads: few are used here. Sanitizers keep notes about every byte.
std::size_t memory_bound(std::size_t connections, std::size_t max_message) {
  constexpr std::size_t notes = tsan ? 8 : asan ? 3 : 1;
  return notes * (connections * (2 * max_message + 192 * kibibyte) + 16 * mebibyte);
}

// As many as a server has room for, and few where one at a time is served: each of them has to be waited for there.
// With a sanitizer each takes many times as long.
std::size_t crowd_for(const variant& v) { return v.at_once <= 1000 ? 6 : sanitized ? 250 : 1000; }

std::list<peer> connected(std::uint16_t port, std::size_t clients, int receive_buffer = 0) {
  static_cast<void>(revecho::raise_descriptor_limit());
  std::list<peer> all;
  while (all.size() < clients)
    all.emplace_back(port, receive_buffer);
  return all;
}

// Resources of a server without connections: to compare with afterwards.
struct baseline {
  std::size_t descriptors;
  std::size_t threads;
  std::size_t memory;

  // The first connections are a server's warm-up.
  static baseline of(const server_process& server, const std::string& framing) {
    const auto descriptors = server.descriptors();
    for (int i = 0; i < 10; ++i)
      REQUIRE(answers(server.port(), framing));
    REQUIRE(eventually([&] { return server.descriptors() == descriptors; }));
    return {descriptors, server.threads().size(), server.memory()};
  }
};

void check_nothing_is_left(const server_process& server, const std::string& framing, const baseline& before) {
  CHECK(answers(server.port(), framing));
  CHECK(eventually([&] { return server.descriptors() == before.descriptors; }));
  CHECK(eventually([&] { return server.threads().size() <= before.threads; }));
}

bool is_anybody_connected(std::list<peer>& crowd) {
  return std::any_of(crowd.begin(), crowd.end(), [](peer& client) { return client.is_open(); });
}

// Calls attack(client) for one client after the other, over and over, until the server has ended the connections of
// all of them.
template <class Attack>
void attack_until_ended(std::list<peer>& crowd, Attack attack) {
  REQUIRE(eventually([&] {
    std::erase_if(crowd, [&](peer& client) { return !attack(client); });
    return crowd.empty();
  }));
}

} // namespace

TEST_CASE("server: ends a thousand clients that drip, and serves others meanwhile", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const std::size_t clients = crowd_for(v);
  server_process server(v, {"--framing", "length", "--message-timeout", v.at_once > 1000 ? "3s" : "400ms"});
  const auto before = baseline::of(server, "length");
  auto crowd = connected(server.port(), clients);
  const auto started = std::string("\0\0\1\0", 4);
  for (auto& client : crowd)
    client.try_send(started);
  CHECK(answers(server.port(), "length")); // at once, or when its turn has come
  CHECK((v.at_once <= clients || is_anybody_connected(crowd)));
  attack_until_ended(crowd, [](peer& client) { return client.is_silent_for(1ms) && client.try_send("x"); });
  CHECK(server.peak_memory() <= memory_bound(clients, mebibyte));
  check_nothing_is_left(server, "length", before);
  CHECK_THAT(totals(server.stop()), contains("; " + std::to_string(clients) + " timed out in a message\n"));
}

TEST_CASE("server: ends a thousand clients that send and never read, and serves others meanwhile", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const std::size_t clients = crowd_for(v);
  const std::size_t max_message = 4 * kibibyte;
  server_process server(
      v, {"--framing", "length", "--max-message", "4KiB", "--write-timeout", v.at_once > 1000 ? "3s" : "400ms"});
  const auto before = baseline::of(server, "length");
  auto crowd = connected(server.port(), clients, 4096);
  std::string frames;
  while (frames.size() < mebibyte)
    frames += length_frame(std::string(max_message, 'x'));
  std::map<const peer*, std::size_t> sent;
  const auto send_on = [&](peer& client) {
    auto& position = sent[&client];
    position += client.send_while_taken(std::string_view(frames).substr(position), 0ms);
    return client.is_open();
  };
  std::for_each(crowd.begin(), crowd.end(), send_on);
  CHECK(answers(server.port(), "length")); // at once, or when its turn has come
  CHECK((v.at_once <= clients || is_anybody_connected(crowd)));
  attack_until_ended(crowd, send_on);
  CHECK(server.peak_memory() <= memory_bound(clients, max_message));
  check_nothing_is_left(server, "length", before);
  CHECK_THAT(totals(server.stop()), contains("; " + std::to_string(clients) + " timed out not reading\n"));
}

TEST_CASE("server: holds no more of messages that do not end than README says", "[direct]") {
  const auto v = GENERATE(from_range(variants_serving(48)));
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(v.name, framing);
  constexpr std::size_t clients = sanitized ? 12 : 48; // with a sanitizer each takes many times as long
  constexpr std::size_t max_message = 2 * mebibyte;
  server_process server(v, {"--framing", framing, "--max-message", "2MiB"});
  const auto before = baseline::of(server, framing);
  auto crowd = connected(server.port(), clients);
  const auto message = framed(framing, std::string(max_message, 'x'));
  for (auto& client : crowd)
    client.send(message.substr(0, message.size() - 1));
  CHECK(eventually([&] { return server.memory() > before.memory + clients * (max_message - 64 * kibibyte); }));
  for (auto& client : crowd) { // and all replies are there before anybody reads
    client.send(message.substr(message.size() - 1));
    if (framing == "eof") client.half_close();
  }
  for (auto& client : crowd) // a reply shows that the server has had it all
    CHECK((client.receive(message.size()) == message));
  CHECK(server.peak_memory() <= memory_bound(clients, max_message));
  for (auto& client : crowd)
    client.reset();
  check_nothing_is_left(server, framing, before);
  server.stop();
}

TEST_CASE(
    "server: closes what a flood has over --max-connections at once, and harms nobody that it serves", "[direct]") {
  const auto v = GENERATE(from_range(variants_serving(1000)));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--max-connections", "1000"});
  const auto before = baseline::of(server, "line");
  auto served = connected(server.port(), 1000);
  const auto all_are_served = [&] {
    for (auto& client : served)
      client.send("a question\n");
    return std::all_of(served.begin(), served.end(), [](peer& client) { return client.receive(11) == "noitseuq a\n"; });
  };
  CHECK(all_are_served());
  auto flood = connected(server.port(), 300);
  CHECK(std::all_of(flood.begin(), flood.end(), [](peer& client) { return client.receive_end(); }));
  CHECK(all_are_served());
  flood.clear();
  served.clear();
  CHECK(eventually([&] { return answers(server.port(), "line"); }));
  check_nothing_is_left(server, "line", before);
  CHECK_THAT(totals(server.stop()), contains("; 300 refused"));
}

TEST_CASE("server: ends connections whose client is gone without a word", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--idle-timeout", "300ms", "--message-timeout", "300ms"});
  const auto before = baseline::of(server, "line");
  for (const std::string beginning : {"", "half a mess"}) {
    peer client(server.port());
    client.send("one\n" + beginning);
    CHECK(client.receive(4) == "eno\n");
    if (!client.vanish()) SKIP_TEST("only root may let a connection vanish (TCP_REPAIR)");
    check_nothing_is_left(server, "line", before);
  }
  const auto log = server.stop();
  CHECK_THAT(totals(log), contains("; 1 timed out idle; 1 timed out in a message\n"));
}
