// revecho-compare with servers that are running already: how they differ, and what they cost.
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

using namespace revecho::test;
using namespace std::chrono_literals;

using words = std::vector<std::string>;

namespace {

std::function<void(peer&)> honest_after(std::chrono::milliseconds wait) {
  return answering("line", [wait](peer& client, const request& r) {
    std::this_thread::sleep_for(wait);
    client.send(r.reply + "\n");
    return true;
  });
}

} // namespace

// However busy the machine, it delays both: no median of five medians is off by as much as the bounds are.
TEST_CASE("compare: tells how much latency a server adds to another, against servers of which that is known") {
  const scripted_server direct(honest_after(10ms));
  const scripted_server slower(honest_after(30ms));
  const auto end = compare({"--against", "direct=" + direct.address(), "--against", "slower=" + slower.address(),
      "--framing", "line", "--clients", "4", "--repeat", "5", "--duration", "600ms", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  CHECK(scenario["baseline"] == "direct");
  CHECK(result_of(scenario, "direct")["added"].is_null());
  const auto added = result_of(scenario, "slower")["added"]["p50_us"];
  CHECK(added["median"] > 10'000);
  CHECK(added["median"] < 40'000);
  CHECK(added["low"] < added["median"]);
  CHECK(added["median"] < added["high"]);
  CHECK_THAT(scenario["verdict"]["headline"], contains(" Compared with direct, slower ") && contains(" at p50"));
}

TEST_CASE("compare: measures CPU and memory of a running server by its pid") {
  const auto v = GENERATE(from_range(variants()));
  const server_process server(v, {});
  const auto endpoint = "127.0.0.1:" + std::to_string(server.port());
  const words options{"--against", "watched=" + endpoint + ",pid=" + std::to_string(server.id()), "--against",
      "unknown=" + endpoint, "--clients", "2", "--repeat", "1", "--duration", "500ms"};
  auto as_json = options;
  as_json.insert(as_json.end(), {"--json", "-"});
  const auto end = compare(as_json);
  CAPTURE(v.name, end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto document = document_of(end);
  CHECK(document["contestants"][0]["pid"] == server.id());
  CHECK_FALSE(document["contestants"][1].contains("pid"));
  const auto run = result_of(scenario_of(end), "watched")["runs"][0];
  CHECK(run["cpu_us"] > 0);
  CHECK(run["threads"] >= 1);
  CHECK(run["peak_memory_bytes"] > 100'000);
  CHECK(run["disturbed"].is_null());
  CHECK(result_of(scenario_of(end), "unknown")["runs"][0]["cpu_us"].is_null());
}

TEST_CASE("compare: says that a running server's process has ended, and goes on with the other") {
  server_process ending(variants().back(), {});
  const scripted_server good(honest("raw"));
  comparison c(
      {"--against", "ending=127.0.0.1:" + std::to_string(ending.port()) + ",pid=" + std::to_string(ending.id()),
          "--against", "good=" + good.address(), "--clients", "2", "--repeat", "1", "--duration", "1s", "--json", "-"});
  REQUIRE(eventually([&] { return sockets_of(ending.id()) > 2; })); // one listens
  ending.signal(SIGKILL);
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("ending under 2 clients") &&
                             contains("process " + std::to_string(ending.id()) + " (revecho-epoll-s) has ended"));
  CHECK_THAT(scenario_of(end)["verdict"]["text"].get<std::string>(), contains("ending failed: process "));
  CHECK(result_of(scenario_of(end), "good")["runs"].size() == 1);
}

TEST_CASE("compare: has sessions, pipelines and half-closes for servers of its own and for running ones") {
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> messages = 0;
  std::atomic<std::size_t> ends = 0;
  const scripted_server running([&](peer& client) {
    ++connections;
    message_reader in(client, "line");
    while (const auto message = in.next()) {
      ++messages;
      client.send(framed("line", reversed(*message)));
    }
    ++ends;
  });
  const auto end =
      compare({"--models", "async", "--against", "running=" + running.address(), "--framing", "line", "--clients", "2",
          "--session", "3", "--pipeline", "2", "--half-close", "--repeat", "1", "--duration", "1s", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  CHECK_THAT(scenario["name"], contains("2 messages in flight per connection, 3 messages per connection, half-closed"));
  CHECK((scenario["pipeline"] == 2 && scenario["session"] == "3" && scenario["half_close"] == true));
  for (const std::string name : {"async(1)", "running"})
    CHECK(result_of(scenario, name)["runs"][0]["replies"] > 0);
  CHECK(connections > 2);
  CHECK(messages <= 3 * connections);
  CHECK(ends > 0);
}
