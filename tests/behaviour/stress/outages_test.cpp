// Reports of outages, against servers whose outages the test makes itself. Direct: a proxy in front
// of them would have outages of its own.
#include "tests/support/catch.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

using words = std::vector<std::string>;

words line_load(const std::string& port, const words& more) {
  words all{port, "--framing", "line", "--json", "-"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

double seconds(clock_type::duration time) { return std::chrono::duration<double>(time).count(); }

std::uint64_t lost_in_outages(const nlohmann::json& level) {
  std::uint64_t lost = 0;
  for (const auto& outage : level["outages"])
    lost += outage["lost"].get<std::uint64_t>();
  return lost;
}

// A server that is gone for a time: at least from its end to its start, at most from before the one to after the other.
struct gap {
  double least = 0; // seconds
  double most = 0;
};

gap be_gone(std::unique_ptr<server_process>& server, clock_type::duration time) {
  const words port{"127.0.0.1:" + std::to_string(server->port())};
  gap result;
  const auto before = clock_type::now();
  server->signal(SIGKILL);
  server->wait();
  const auto gone = clock_type::now();
  server.reset();
  std::this_thread::sleep_for(time);
  result.least = seconds(clock_type::now() - gone);
  server = std::make_unique<server_process>(variants().back(), words{"--framing", "line", "--delay", "5ms"}, port);
  result.most = seconds(clock_type::now() - before);
  return result;
}

} // namespace

TEST_CASE("stress: reports an outage as long as it was", "[direct]") {
  const auto time = GENERATE(200ms, 700ms, 1300ms);
  CAPTURE(time.count());
  bool is_right = false;
  for (int tries = 0; tries < 5 && !is_right; ++tries) { // a machine that is busy makes outages of its own
    auto server = std::make_unique<server_process>(variants().back(), words{"--framing", "line", "--delay", "5ms"});
    process tool("revecho-stress",
        line_load(std::to_string(server->port()), {"--clients", "10", "--duration", "3s", "--reconnect"}));
    std::this_thread::sleep_for(800ms);
    const auto truth = be_gone(server, time);
    const auto r = parsed(tool.wait());
    CAPTURE(r.end.output, r.end.errors, truth.least, truth.most);
    CHECK(lost_in_outages(r.level) == r.level["lost"]);
    const auto& all = r.level["outages"];
    if (all.size() != 1) continue;
    const double reported = all[0]["duration_s"];
    const double bound = std::max(0.05, 0.05 * truth.most);
    is_right = reported > truth.least - bound && reported < truth.most + bound && all[0]["connections"] == 10 &&
               all[0]["whole_path"] == true;
    if (!is_right) UNSCOPED_INFO("reported " << reported << ", not " << truth.least << " to " << truth.most);
  }
  CHECK(is_right);
}

TEST_CASE("stress: takes idle connections that the path closes for no outage", "[direct]") {
  scripted_server server([](peer& client) { // of each connection one message, and then it is idle for too long
    message_reader reader(client, "line");
    const auto message = reader.next();
    if (!message) return;
    client.send(std::string(message->rbegin(), message->rend()) + '\n');
    client.is_silent_for(300ms);
  });
  const auto r =
      parsed(run("revecho-stress", line_load(std::to_string(server.port()),
                                       {"--clients", "5", "--think", "800ms", "--duration", "2s", "--reconnect"})));
  CAPTURE(r.end.output, r.end.errors);
  CHECK(r.end.exit_code == 0);
  CHECK(r.level["closed_idle"] >= 5);
  CHECK(r.level["outages"].empty());
  CHECK_THAT(r.end.errors, contains("Idle connections closed by the peer: ") && !contains("Outage"));
}

TEST_CASE("stress: tells clients that are stuck from an outage of the whole path", "[direct]") {
  constexpr auto freeze = 1500ms;
  std::optional<clock_type::time_point> thaw;
  std::mutex mutex;
  scripted_server server(answering("line", [&](peer& client, const request& r) {
    std::this_thread::sleep_for(5ms);
    if (r.connection % 2 == 1 && r.number >= 50) { // one of two backends
      std::unique_lock lock(mutex);
      if (!thaw) thaw = clock_type::now() + freeze;
      const auto until = *thaw;
      lock.unlock();
      std::this_thread::sleep_until(until);
    }
    client.send(r.reply + '\n');
    return true;
  }));
  const auto r =
      parsed(run("revecho-stress", line_load(std::to_string(server.port()), {"--clients", "10", "--duration", "3s"})));
  CAPTURE(r.end.output, r.end.errors);
  const nlohmann::json* longest = nullptr;
  for (const auto& outage : r.level["outages"])
    if (longest == nullptr || outage["connections"] > (*longest)["connections"]) longest = &outage;
  REQUIRE(longest != nullptr);
  CHECK((*longest)["connections"] == 5);
  CHECK((*longest)["whole_path"] == false);
  CHECK((*longest)["duration_s"] > 1.0);
  CHECK((*longest)["duration_s"] < 2.5);
  CHECK_THAT(r.end.errors, contains("some clients (5 of 10), 0 messages lost."));
}

TEST_CASE("stress: makes no long outage of many short ones", "[direct]") {
  std::atomic<int> connections = 0;
  scripted_server server([&](peer& client) {
    if (connections++ % 2 == 1) return; // every second one is closed at once
    message_reader reader(client, "line");
    while (const auto message = reader.next())
      client.send(std::string(message->rbegin(), message->rend()) + '\n');
  });
  const auto r = parsed(
      run("revecho-stress", line_load(std::to_string(server.port()), {"--clients", "20", "--session", "20", "--think",
                                                                         "2ms", "--duration", "2s", "--reconnect"})));
  CAPTURE(r.end.output, r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK(r.level["outages"].size() > 5);
  for (const auto& outage : r.level["outages"]) {
    CHECK(outage["connections"] <= 20); // each client counts once
    CHECK(outage["duration_s"] < 1);
  }
  CHECK(lost_in_outages(r.level) <= r.level["lost"]);
  CHECK_THAT(r.end.errors, contains(" interruptions of ") && contains(", the longest for "));
}

TEST_CASE("stress: reports an outage up to the end if clients do not try again", "[direct]") {
  auto server = std::make_unique<server_process>(variants().back(), words{"--framing", "line", "--delay", "5ms"});
  process tool("revecho-stress", line_load(std::to_string(server->port()),
                                     {"--clients", "4", "--duration", "2s", "--fail-if", "none,outage>500ms"}));
  std::this_thread::sleep_for(700ms);
  server->signal(SIGKILL);
  server->wait();
  const auto r = parsed(tool.wait());
  CAPTURE(r.end.output, r.end.errors);
  CHECK(r.end.exit_code == 1);
  REQUIRE(r.level["outages"].size() == 1);
  const double start = r.level["outages"][0]["start_s"];
  const double duration = r.level["outages"][0]["duration_s"];
  CHECK(std::abs(start + duration - 2) < 0.2);
  CHECK(r.level["outages"][0]["whole_path"] == true);
  CHECK_THAT(r.end.errors, contains(" UTC) for ") && contains("4 clients: Ended after "));
}

TEST_CASE("stress: keeps its time even if it is to reconnect without a pause", "[direct]") {
  std::uint16_t port = 0;
  {
    const scripted_server gone([](peer&) {});
    port = gone.port();
  }
  const auto start = clock_type::now();
  const auto r = parsed(
      run("revecho-stress", line_load(std::to_string(port),
                                {"--clients", "5", "--duration", "1s", "--reconnect", "--reconnect-pause", "0"})));
  CAPTURE(r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK(clock_type::now() - start < 20s); // and not for ever
  CHECK(r.level["connect_failed"] > 5);
  CHECK(r.level["latency_us"]["connect"]["count"] == 5); // attempts of one outage are one connection that took long
}
