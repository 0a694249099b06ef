// revecho-stress keeps the pace it was told: what a server sees of it, and what it says of a server that stalls.
// Direct, where the server is scripted or comes again on its port: no proxy is in front of it.
#include "tests/support/catch.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

using namespace revecho::test;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

load_report stress(std::uint16_t port, const std::vector<std::string>& options) {
  std::vector<std::string> all{std::to_string(port), "--framing", "line", "--json", "-"};
  all.insert(all.end(), options.begin(), options.end());
  return parsed(run("revecho-stress", all));
}

// An honest server that does something else before each reply.
std::function<void(peer&)> reversing_after(std::function<void()> something) {
  return answering("line", [something = std::move(something)](peer& client, const request& r) {
    something();
    client.send(r.reply + '\n');
    return true;
  });
}

// Honest, and silent in a part of each period, which the first message begins.
class freezing_server {
 public:
  static constexpr auto period = 5000ms;
  static constexpr auto freeze = 1200ms;
  static constexpr auto freeze_begins = 2000ms;
  static constexpr int rate = 300; // of the messages that it expects, by the second

  std::uint16_t port() const { return server_.port(); }

  /// How late messages were for which no freeze is to blame, at most: what the machine needs to catch up, say.
  clock_type::duration slack() {
    const std::lock_guard lock(mutex_);
    return slack_;
  }

 private:
  void wait_for_thaw() {
    const std::lock_guard lock(mutex_);
    const auto now = clock_type::now();
    if (!began_) began_ = now;
    const auto due = *began_ + number_++ * clock_type::duration(1s) / rate;
    slack_ = std::max(slack_, now - thaw(due));
    std::this_thread::sleep_until(thaw(now));
  }

  // The end of the freeze at that time, or that time itself.
  clock_type::time_point thaw(clock_type::time_point t) const {
    const auto phase = (t - *began_) % period;
    return phase < freeze_begins ? t : std::max(t, t - phase + freeze_begins + freeze);
  }

  std::mutex mutex_;
  std::optional<clock_type::time_point> began_;
  int number_ = 0;
  clock_type::duration slack_{};
  scripted_server server_{reversing_after([this] { wait_for_thaw(); })};
};

} // namespace

// Messages fall due evenly, and those due in a freeze, a share of freeze/period, wait for its end: 0 to 1.2 s, evenly.
// The part above a percentile P is therefore answered after more than freeze - (1 - P) * period.
TEST_CASE("stress: measures what a server that freezes again and again does to its users", "[direct]") {
  freezing_server server;
  const auto r =
      stress(server.port(), {"--clients", "10", "--rate", std::to_string(freezing_server::rate), "--duration", "10s"});
  const auto slack = std::chrono::duration<double, std::micro>(server.slack()).count();
  CAPTURE(r.end.output, r.end.errors, slack);
  const auto& response = r.level["latency_us"]["response"];
  const auto& service = r.level["latency_us"]["service"];
  const double freeze = 1.2e6; // µs
  const double period = 5e6;
  const auto check = [&](const char* what, double expected) {
    CAPTURE(what, expected);
    CHECK(response[what] > 0.95 * expected);
    CHECK(response[what] < 1.05 * expected + slack);
  };
  check("p90", freeze - 0.1 * period);
  check("p99", freeze - 0.01 * period);
  CHECK(response["p99_9"].is_null()); // 3,000 messages have three beyond it
  check("max", freeze);
  check("mean", freeze * freeze / 2 / period);
  CHECK(response["censored"] == 0);
  CHECK(service["p90"] < response["p90"]);
  CHECK(r.level["messages"].get<double>() == Approx(3000).epsilon(0.01));
  CHECK(r.level["verified"] == r.level["messages"]);
  CHECK(r.level["ok"] == true);
  CHECK(r.end.exit_code == 0);

  if (slack > 0.5e6) SKIP_TEST("the machine is too busy to tell a freeze from others");
  REQUIRE(r.level["outages"].size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& outage = r.level["outages"][i];
    CHECK(outage["start_s"].get<double>() == Approx(i == 0 ? 2.0 : 7.0).margin(0.2 + slack / 1e6));
    CHECK(outage["duration_s"].get<double>() == Approx(1.2).margin(0.2 + slack / 1e6));
    CHECK(outage["connections"] == 10);
    CHECK(outage["lost"] == 0);
  }
}

TEST_CASE("stress: offers the rate it was told, evenly or by chance") {
  const auto v = GENERATE(from_range(variants_serving(10)));
  const bool poisson = GENERATE(false, true);
  const server_process server(v, {"--framing", "line"});
  const auto r = stress(server.port(), {"--clients", "10", "--rate", "2000", "--duration", "500ms", "--arrivals",
                                           poisson ? "poisson" : "even", "--seed", "1"});
  CAPTURE(v.name, poisson, r.end.output, r.end.errors);
  CHECK(r.end.exit_code == 0);
  // By chance, the count has a standard deviation of its root, 32.
  CHECK(r.level["messages"].get<double>() == Approx(1000).epsilon(poisson ? 0.15 : 0.01));
  CHECK(r.level["verified"] == r.level["messages"]);
  const auto mean = [&](const char* of) { return r.level["latency_us"][of]["mean"].get<double>(); };
  CHECK(mean("response") == Approx(mean("wait") + mean("service")).epsilon(0.01));
}

TEST_CASE("stress: thinks between a reply and the next message", "[direct]") {
  std::mutex mutex;
  auto shortest = clock_type::duration::max();
  const scripted_server server([&](peer& client) {
    message_reader messages(client, "line");
    auto replied = clock_type::time_point::min();
    for (int number = 0; const auto message = messages.next(); ++number) {
      if (const std::lock_guard lock(mutex); number > 0) shortest = std::min(shortest, clock_type::now() - replied);
      replied = clock_type::now();
      client.send(reversed(*message) + '\n');
    }
  });
  const auto r = stress(server.port(), {"--clients", "3", "--messages", "4", "--think", "uniform:60ms..100ms"});
  CHECK(r.end.exit_code == 0);
  CHECK(r.level["verified"] == 12);
  const std::lock_guard lock(mutex);
  CHECK(shortest >= 60ms);
  CHECK(shortest < 1h);
}

TEST_CASE("stress: takes a new connection for each session, and ends the old one as it was told", "[direct]") {
  const std::string close = GENERATE("fin", "reset");
  std::atomic<int> connections = 0;
  std::atomic<int> resets = 0;
  {
    const scripted_server server([&](peer& client) {
      ++connections;
      message_reader messages(client, "line");
      try {
        while (const auto message = messages.next())
          client.send(reversed(*message) + '\n');
      } catch (const std::system_error& error) {
        if (error.code() == std::errc::connection_reset) ++resets;
      }
    });
    const auto r = stress(server.port(), {"--clients", "5", "--messages", "20", "--session", "4", "--close", close});
    CAPTURE(r.end.errors);
    CHECK(r.end.exit_code == 0);
    CHECK(r.level["verified"] == 100);
  }
  CHECK(connections == 25);
  CHECK(resets == (close == "reset" ? 25 : 0));
}

TEST_CASE("stress: has as many messages of a connection under way as --pipeline says, and no more", "[direct]") {
  constexpr std::size_t depth = 7;
  std::atomic<int> early = 0;
  const scripted_server server([&](peer& client) {
    message_reader messages(client, "line");
    for (;;) {
      std::string replies;
      for (std::size_t i = 0; i < depth; ++i) {
        const auto message = messages.next(); // if it were fewer, this would wait in vain
        if (!message) return;
        replies += reversed(*message) + '\n';
      }
      if (messages.has_rest() || !client.is_silent_for(50ms)) ++early;
      client.send(replies);
    }
  });
  const auto r = stress(
      server.port(), {"--clients", "3", "--messages", std::to_string(4 * depth), "--pipeline", std::to_string(depth)});
  CAPTURE(r.end.errors);
  CHECK(r.end.exit_code == 0);
  CHECK(r.level["verified"] == 3 * 4 * depth);
  CHECK(early == 0);
}

TEST_CASE("stress: half-closes after the last message, and checks what follows", "[direct]") {
  const auto [rest, closes, kind] = GENERATE(table<std::string, bool, std::string>({
      {"", true, ""},
      {"", false, "late"},
      {"?!", true, "extra bytes"},
      {"the last reply", true, "repeated"},
  }));
  std::atomic<int> ends = 0;
  std::promise<void> over;
  const scripted_server server([&, last = rest, leaves = closes, ended = over.get_future().share()](peer& client) {
    message_reader messages(client, "line");
    std::string reply;
    while (const auto message = messages.next())
      client.send(reply = reversed(*message) + '\n');
    ++ends;
    client.send(last == "the last reply" ? reply : last);
    if (!leaves) ended.wait();
  });
  const auto r =
      stress(server.port(), {"--clients", "2", "--messages", "6", "--session", "3", "--half-close", "--timeout", "1s"});
  over.set_value();
  CAPTURE(rest, closes, r.end.errors);
  CHECK(ends >= 2);
  CHECK(r.end.exit_code == (kind.empty() ? 0 : 1));
  if (kind.empty()) CHECK(r.level["verified"] == 12);
  if (kind == "late") CHECK(r.level["late"] > 0);
  for (const auto& [name, count] : r.level["wrong"].items())
    CHECK((count > 0) == (name == kind));
}

TEST_CASE("stress: opens the connections of a ramp one after the other", "[direct]") {
  std::mutex mutex;
  std::vector<clock_type::time_point> arrivals;
  const scripted_server server([&](peer& client) {
    if (const std::lock_guard lock(mutex); true) arrivals.push_back(clock_type::now());
    reversing_after([] {})(client);
  });
  const auto r = stress(server.port(), {"--clients", "10", "--ramp", "800ms", "--warmup", "200ms", "--duration",
                                           "300ms", "--cooldown", "200ms", "--rate", "500"});
  CAPTURE(r.end.output, r.end.errors);
  CHECK(r.end.exit_code == 0);
  const std::lock_guard lock(mutex);
  REQUIRE(arrivals.size() == 10);
  CHECK(arrivals.back() - arrivals.front() >= 400ms); // 720 ms, except for what a busy machine does to the first one
  CHECK(r.level["window_s"] == 0.3);
  CHECK(r.level["messages"].get<double>() == Approx(150).epsilon(0.01));
  CHECK(r.level["verified"] > 300); // those of warm-up and cool-down too, of which there are 200, and more of the ramp
}

TEST_CASE("stress: ends when it is interrupted while clients wait for their turn to connect", "[direct]") {
  std::promise<void> first_is_there;
  const scripted_server server([&](peer& client) {
    first_is_there.set_value();
    client.receive_all();
  });
  process tool("revecho-stress", {server.address(), "--clients", "2", "--ramp", "24h"});
  REQUIRE(first_is_there.get_future().wait_for(patience()) == std::future_status::ready);
  tool.signal(SIGINT);
  CHECK(tool.wait().signal == 0);
}

TEST_CASE("stress: sends exactly as many messages as it was told, whatever the number of threads", "[direct]") {
  const std::string threads = GENERATE("1", "2");
  std::atomic<int> messages = 0;
  const scripted_server server(reversing_after([&] { ++messages; }));
  const auto r = stress(server.port(), {"--clients", "7", "--messages", "30", "--threads", threads});
  CHECK(r.end.exit_code == 0);
  CHECK(messages == 210);
  CHECK(r.level["messages"] == 210);
  CHECK(r.level["verified"] == 210);
}

TEST_CASE("stress: says that a server closed connections to which it owed nothing", "[direct]") {
  const scripted_server server(answering("line", [](peer& client, const request& r) {
    client.send(r.reply + '\n');
    return r.number < 1;
  }));
  const auto r = stress(server.port(), {"--clients", "3", "--messages", "3", "--think", "500ms"});
  CAPTURE(r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK(r.level["closed_early"] == 3);
  CHECK(r.level["verified"] == 6);
  CHECK(r.level["lost"] == 0);
  CHECK_THAT(r.end.errors, contains("the server ended the connection after message 1"));
}

TEST_CASE("stress: goes on after an outage, and tells what was lost in it", "[direct]") {
  const auto start = [](const std::string& port) {
    return std::make_unique<server_process>(variants().back(),
        std::vector<std::string>{"--framing", "line", "--delay", "5ms"}, std::vector<std::string>{"127.0.0.1:" + port});
  };
  auto server = start("0");
  const auto port = std::to_string(server->port());
  process tool("revecho-stress",
      {port, "--framing", "line", "--clients", "5", "--duration", "3s", "--reconnect", "--json", "-"});
  std::this_thread::sleep_for(1s);
  server->signal(SIGKILL);
  server->wait();
  std::this_thread::sleep_for(300ms);
  server = start(port);
  const auto r = parsed(tool.wait());
  CAPTURE(r.end.output, r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK(r.level["reconnects"] >= 5);
  CHECK(r.level["connect_failed"] > 0);
  std::uint64_t lost = 0;
  for (const auto& outage : r.level["outages"])
    lost += outage["lost"].get<std::uint64_t>();
  CHECK(lost > 0);
  CHECK(lost == r.level["lost"]);
  CHECK(r.level["outages"][0]["duration_s"] >= 0.3);
  CHECK(r.level["outages"][0]["connections"] == 5);
  CHECK_THAT(totals(server->stop()), StartsWith("served 5 connections"));
}
