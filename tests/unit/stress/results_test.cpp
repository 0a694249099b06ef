// The verdict on who was the limit, from known figures of the load tool.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tools/stress/network_counters.hpp"
#include "tools/stress/output.hpp"
#include "tools/stress/results.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

// A second with one thread, which was hardly busy, and replies after 100 us.
level_result healthy() {
  level_result level;
  level.clients = 10;
  level.window = 1s;
  level.answered = level.verified = 1000;
  for (int i = 0; i < 1000; ++i)
    level.service.values.record(100us);
  level.cpu_share = 0.3;
  level.run_delay = 5ms;
  level.delay_share = 0.005;
  level.runs = 1000;
  level.processors = 4;
  level.ports = 28'000;
  return level;
}

std::string said_of(const level_result& level, const workload& work = workload()) {
  std::string all;
  for (const auto& text : remarks(level, work))
    all += text + '\n';
  return all;
}

level_result with_run_delay(std::chrono::nanoseconds time, std::chrono::nanoseconds throttled) {
  auto level = healthy();
  level.run_delay = time;
  level.delay_share = seconds(time);
  level.throttled = throttled;
  return level;
}

} // namespace

TEST_CASE("level: is not limited by a load tool that is idle most of the time and runs at once") {
  CHECK(healthy().limited_by() == tool_limit::none);
  CHECK_THAT(said_of(healthy()), !contains("The load tool itself"));
}

TEST_CASE("level: is limited by a CPU quota that stops the load tool, and says so") {
  const auto level = with_run_delay(850ms, 900ms);
  CHECK(level.limited_by() == tool_limit::quota);
  CHECK(level.is_held_up());
  CHECK_THAT(said_of(level), contains("The load tool itself was stopped by its CPU quota, and waited 85 %"));
  CHECK(with_run_delay(20ms, 30ms).limited_by() == tool_limit::quota); // 2 % of the time are beyond p99
}

TEST_CASE("level: is not limited by a CPU quota that stops others only") {
  CHECK(with_run_delay(5ms, 900ms).limited_by() == tool_limit::none);
}

TEST_CASE("level: is limited by other programs that have the processors, and says so") {
  const auto level = with_run_delay(550ms, 0ms);
  CHECK(level.limited_by() == tool_limit::delay);
  CHECK(level.is_held_up());
  CHECK_THAT(said_of(level), contains("waited 55 % of its threads' time for a processor that others used, 550 us"));
}

TEST_CASE("level: is limited by waits for a processor that are rare, but long beside the latency") {
  auto level = with_run_delay(40ms, 0ms);
  level.runs = 20;
  CHECK(level.limited_by() == tool_limit::delay);
  level.service = {};
  for (int i = 0; i < 1000; ++i)
    level.service.values.record(1s);
  CHECK(level.limited_by() == tool_limit::none);
}

TEST_CASE("level: is limited by a load tool that is busy all the time, and says what helps") {
  auto level = healthy();
  level.cpu_share = 0.95;
  CHECK(level.limited_by() == tool_limit::cpu);
  CHECK_FALSE(level.is_held_up());
  CHECK_THAT(said_of(level), contains("used 95 % of its threads' time") && contains("use more --threads.\n"));
  level.processors = 1;
  CHECK_THAT(said_of(level), contains("on more or other processors.\n") && !contains("--threads"));
}

TEST_CASE("level: names --source, and not --threads, when looking for free ports is what takes the time") {
  auto level = healthy();
  level.cpu_share = 0.95;
  for (int i = 0; i < 15'000; ++i)
    level.connect.values.record(1ms);
  CHECK_THAT(said_of(level), contains("use more addresses with --source.\n") && !contains("--threads"));
  workload work;
  work.close = closing::reset; // then ports are free at once
  CHECK_THAT(said_of(level, work), contains("use more --threads.\n"));
}

TEST_CASE("level: is limited by a standstill of the load tool, and says how long it was") {
  auto level = healthy();
  level.standstills = joined(std::vector<standstill>{{500ms, 200ms}, {600ms, 300ms}, {100ms, 100ms}});
  level.unmeasured = 12;
  CHECK(level.standstills.size() == 2);
  CHECK(level.limited_by() == tool_limit::standstill);
  CHECK(level.is_held_up());
  CHECK_THAT(
      said_of(level), contains("The load tool itself stood still for 500 ms (2 times; longest at 0.5 s for 400 ms): "
                               "that is no outage of the server, and 12 latencies are left out.\n") &&
                          contains("lower bound"));
}

TEST_CASE("level: is limited by nothing when nobody answered") {
  auto level = with_run_delay(850ms, 0ms);
  level.answered = 0;
  CHECK(level.limited_by() == tool_limit::none);
}

TEST_CASE("level: calls clients unserved only where chance cannot explain it") {
  auto level = healthy();
  level.clients = 1000;
  level.replies.assign(level.clients, 40);
  CHECK_FALSE(level.is_unserved_by_chance()); // nobody is
  level.replies.front() = 0;
  CHECK_FALSE(level.is_unserved_by_chance());
  CHECK_THAT(said_of(level), contains("1 of 1000 clients had no reply in the window: the percentiles"));
  level.replies.assign(level.clients, 1);
  level.replies.front() = 0;
  CHECK(level.is_unserved_by_chance());
  CHECK_THAT(said_of(level), contains("1 of 1000 clients had no reply in the window, which is too short"));
  level.replies.assign(level.clients, 0);
  level.replies.front() = 40; // one at a time
  CHECK_FALSE(level.is_unserved_by_chance());
  level.replies.front() = 0; // nobody at all
  CHECK_FALSE(level.is_unserved_by_chance());
}

TEST_CASE("level: says of clients that take random turns what chance can explain") {
  std::mt19937_64 random(1);
  int called_unserved = 0;
  for (int run = 0; run < 1000; ++run) {
    auto level = healthy();
    level.replies.assign(100, 0);
    for (int reply = 0; reply < 500; ++reply) // five each, in the mean: some have none
      ++level.replies[random() % level.replies.size()];
    if (level.never_served() > 0 && !level.is_unserved_by_chance()) ++called_unserved;
  }
  CHECK(called_unserved == 0);
}

TEST_CASE("level: is limited by a load tool that lets replies lie for most of the time they take") {
  auto level = healthy();
  level.unread.record(60us, 1000); // of 100 us
  CHECK(level.limited_by() == tool_limit::none);
  level.unread.record(90us, 10'000);
  CHECK(level.limited_by() == tool_limit::reading);
  CHECK_FALSE(level.is_held_up());
  CHECK_THAT(said_of(level), contains("let replies lie in the kernel (p50 90") && contains("use more --threads"));

  auto only_the_slowest = healthy();
  only_the_slowest.service.values.record(30ms, 20);
  only_the_slowest.unread.record(10us, 1000);
  only_the_slowest.unread.record(25ms, 20);
  CHECK(only_the_slowest.limited_by() == tool_limit::reading);
}

TEST_CASE("level: sees delayed acknowledgements where a few latencies are near 40 ms, and only there") {
  auto delayed = healthy();
  delayed.service.values.record(41ms, 20);
  CHECK(std::abs(delayed.delayed_ack_share() - 20.0 / 1020) < 1e-9);
  CHECK_THAT(said_of(delayed), contains("2 % of the latencies are near 40 ms") && contains("TCP_NODELAY"));
  auto few = healthy();
  few.service.values.record(41ms, 9);
  CHECK(few.delayed_ack_share() == 0);
  auto all_slow = healthy();
  all_slow.service.values.record(41ms, 2000);
  CHECK(all_slow.delayed_ack_share() == 0);
  auto long_tail = healthy();
  for (int i = 1; i <= 100; ++i)
    long_tail.service.values.record(std::chrono::milliseconds{i});
  CHECK(long_tail.delayed_ack_share() == 0);
}

TEST_CASE("network counters: tell how many segments were sent again") {
  std::istringstream snmp("Ip: Forwarding RetransSegs\nIp: 1 99\n"
                          "Tcp: RtoAlgorithm InSegs RetransSegs InErrs\nTcp: 1 5000 17 0\n");
  CHECK(retransmitted_segments(snmp) == 17);
  std::istringstream without("Tcp: RtoAlgorithm InSegs\nTcp: 1 5000\n");
  CHECK_FALSE(retransmitted_segments(without));
}

TEST_CASE("level: says that the kernel does not tell when replies arrived, once it was asked for long enough") {
  auto level = healthy();
  level.unknown_arrivals = 99;
  CHECK_THAT(said_of(level), !contains("when replies arrived"));
  level.unknown_arrivals = 100;
  CHECK_THAT(
      said_of(level), contains("The kernel does not report when replies arrived") && contains("--timestamps off"));
  level.unread.record(5us);
  CHECK_THAT(said_of(level), !contains("when replies arrived"));
}
