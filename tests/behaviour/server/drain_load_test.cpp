// SIGTERM while revecho-stress is at work: what the server has counted as answered is what the load tool has verified,
// and what it calls lost was never answered, because the connection had come to an orderly end.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

using namespace revecho::test;

namespace {

// The last line of the server's log that has its counters; empty if there is none.
nlohmann::json counters(const std::string& log) {
  auto last = nlohmann::json::object();
  std::istringstream in(log);
  for (std::string line; std::getline(in, line);) {
    auto entry = nlohmann::json::parse(line, nullptr, false); // the last line may not have come in full
    if (entry.is_object() && entry.contains("messages")) last = std::move(entry);
  }
  return last;
}

std::size_t occurrences(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size()))
    ++count;
  return count;
}

// Connections to that port of this machine, accepted or not, whose other side has sent all that it will.
int half_closed_towards(std::uint16_t port) {
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line); // the titles
  int count = 0;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string number, local, remote, state;
    fields >> number >> local >> remote >> state;
    if (std::stoul(local.substr(local.find(':') + 1), nullptr, 16) == port && state == "08") ++count; // CLOSE_WAIT
  }
  return count;
}

std::uint64_t answered(const server_process& server) { return counters(server.log()).value("messages", 0U); }

} // namespace

TEST_CASE("server: answers under the load of revecho-stress what it has taken when SIGTERM comes, and cuts nothing") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length");
  const std::string depth = GENERATE("1", "16");
  CAPTURE(v.name, framing, depth);
  server_process server(v, {"--framing", framing, "--drain-timeout", "1h", "--stats", "100ms", "--log-format", "json"});
  process tool("revecho-stress",
      {std::to_string(server.port()), "--framing", framing, "--pipeline", depth, "--size", "uniform:1..2KiB",
          "--clients", "8", "--duration", "1h", "--timeout", "60s", "--json", "-"});
  REQUIRE(eventually([&] { return answered(server) > 1000; }));
  server.signal(SIGTERM);
  const auto end = server.wait();
  const auto load = tool.wait();
  CAPTURE(end.errors, load.output, load.errors);

  CHECK(end.exit_code == 0);
  CHECK_THAT(end.errors, !contains("unfinished"));
  const auto totals = counters(end.errors);
  REQUIRE(totals.contains("open"));
  CHECK(totals["bytes_sent"] == totals["bytes_received"]); // a reply is as long as its message
  CHECK(totals["served"] == 8);
  for (const auto* trouble : {"refused", "too_long", "truncated", "message_timeouts", "write_timeouts",
           "connection_errors", "accept_failures"})
    CHECK(totals[trouble] == 0);

  CHECK(load.exit_code == 1); // its time was not over
  const auto level = nlohmann::json::parse(load.output)["levels"][0];
  for (const auto& [kind, count] : level["wrong"].items()) {
    CAPTURE(kind);
    CHECK(count == 0);
  }
  CHECK(level["late"] == 0);
  CHECK(level["connect_failed"] == 0);
  CHECK(level["verified"] == totals["messages"]);
  CHECK(level["lost"] <= 8 * std::stoi(depth));
  // The end came between two replies, and was none by force.
  CHECK_THAT(load.errors, !contains("reset") && !contains("roken pipe"));
  CHECK(occurrences(load.errors, "closed after 0 of ") == occurrences(load.errors, "closed after "));
  // In the backlog, too, had their first message been answered by then.
  if (!behind_proxy()) CHECK(level["fairness"]["min"] > 0);
}

// Direct, and in front of a server that stands still: so all has arrived when the signal comes.
TEST_CASE("server: starts again on its port at once under the load of revecho-stress, killed 50 times", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const std::vector<std::string> options{"--framing", "line", "--stats", "100ms", "--log-format", "json"};
  std::optional<server_process> server(std::in_place, v, options);
  const auto listening = sockets_of(server->id());
  const auto where = "127.0.0.1:" + std::to_string(server->port());
  constexpr std::size_t clients = 4;
  process tool("revecho-stress", {where, "--framing", "line", "--clients", std::to_string(clients), "--duration", "1h",
                                     "--reconnect", "--json", "-"});
  for (int i = 0; i < 50; ++i) {
    REQUIRE(eventually([&] { return sockets_of(server->id()) > listening; }));
    server->signal(SIGKILL);
    CHECK(server->wait().signal == SIGKILL);
    server.emplace(v, options, std::vector<std::string>{where});
  }
  REQUIRE(eventually([&] { return answered(*server) > clients; })); // then one has verified a reply, and asked again
  tool.signal(SIGINT);
  const auto load = tool.wait();
  CAPTURE(load.output, load.errors);
  const auto level = nlohmann::json::parse(load.output)["levels"][0];
  for (const auto& [kind, count] : level["wrong"].items()) {
    CAPTURE(kind);
    CHECK(count == 0);
  }
  CHECK(level["verified"] > 0);
  CHECK(level["reconnects"] >= 50);
  server->stop();
}

TEST_CASE("server: owes revecho-stress nothing that has arrived before SIGTERM", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length");
  CAPTURE(v.name, framing);
  server_process server(v, {"--framing", framing, "--drain-timeout", "1h", "--log-format", "json"});
  server.pause();
  process tool("revecho-stress",
      {std::to_string(server.port()), "--framing", framing, "--pipeline", "20", "--messages", "20", "--half-close",
          "--size", "uniform:1..2KiB", "--clients", "8", "--timeout", "60s", "--json", "-"});
  REQUIRE(eventually([&] { return half_closed_towards(server.port()) == 8; }));
  server.signal(SIGTERM);
  server.signal(SIGCONT);
  const auto end = server.wait();
  const auto load = tool.wait();
  CAPTURE(end.errors, load.output, load.errors);
  CHECK(end.exit_code == 0);
  const auto totals = counters(end.errors);
  CHECK(totals["served"] == 8);
  CHECK(totals["messages"] == 160);
  CHECK(load.exit_code == 0);
  CHECK(nlohmann::json::parse(load.output)["levels"][0]["verified"] == 160);
}
