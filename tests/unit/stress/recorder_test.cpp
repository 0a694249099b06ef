// Known answers for the counts of a level.
#include "tests/support/catch.hpp"
#include "tools/stress/recorder.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>

using namespace revecho;
using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

constexpr steady::time_point begin_time{1h};

// The rate of clients that send again at once, and first at different times within `stagger`; `service` draws how long
// the next reply takes.
template <class Draw>
double rate_of(const workload& work, std::size_t clients, std::chrono::nanoseconds stagger, Draw service) {
  recorder results(work, false);
  const level_times times(work, begin_time);
  results.begin(times);
  for (std::size_t i = 0; i < clients; ++i) {
    bool served = false;
    for (auto sent = begin_time + i * stagger / clients; sent < times.stop_sending;) {
      const auto now = sent + service();
      served = results.count_reply(sent, sent, sent, now, 1, served) || served;
      sent = now;
    }
  }
  results.result().window = work.duration;
  return results.result().rate();
}

} // namespace

TEST_CASE("recorder: has the rate N/S of N clients at a service time S, wherever the edges of the window are") {
  workload work;
  work.duration = GENERATE(400ms, 2s);
  work.warmup = GENERATE(0ms, 40ms, 333ms);
  const auto service = GENERATE(10ms, 170ms, 200ms, 399ms);
  const auto stagger = GENERATE(0ms, 7ms, 100ms);
  if (stagger > work.warmup) return; // not all of them are there when the window begins
  CAPTURE(work.duration.count(), work.warmup.count(), service.count(), stagger.count());
  const double rate = rate_of(work, 10, stagger, [&] { return std::chrono::nanoseconds{service}; });
  CHECK(std::abs(rate / (10 / std::chrono::duration<double>(service).count()) - 1) < 1e-9);
}

TEST_CASE("recorder: has a rate without bias where service times vary") {
  workload work;
  work.warmup = 1s;
  work.duration = 400ms;
  std::mt19937_64 random(1);
  std::exponential_distribution<double> draw(1 / 0.05);
  double sum = 0;
  constexpr int times = 2000;
  for (int i = 0; i < times; ++i)
    sum += rate_of(
        work, 10, 0s, [&] { return std::chrono::nanoseconds{static_cast<std::int64_t>(1e9 * draw(random)) + 1}; });
  CHECK(std::abs(sum / times / 200 - 1) < 0.01);
}

TEST_CASE("recorder: does not count replies that came only because the load was over") {
  workload work;
  work.duration = 1s;
  recorder results(work, false);
  results.begin(level_times(work, begin_time));
  results.count_reply(begin_time, begin_time, begin_time, begin_time + 2s, 1, false);
  CHECK(results.result().completed == 0);
  results.count_reply(begin_time + 500ms, begin_time + 500ms, begin_time, begin_time + 1500ms, 1, true);
  CHECK(results.result().completed == 0.5);
}

TEST_CASE("recorder: counts the time under way within the window only, for Little's law") {
  workload work;
  work.warmup = 1s;
  work.duration = 1s;
  recorder results(work, false);
  results.begin(level_times(work, begin_time));
  CHECK(results.count_reply(begin_time, begin_time + 900ms, begin_time, begin_time + 1100ms, 1, true));
  CHECK(results.result().answering == 100ms);
  CHECK(results.result().service.values.size() == 0);
  CHECK_FALSE(results.count_reply(begin_time + 1900ms, begin_time + 1900ms, begin_time, begin_time + 2s, 1, true));
  CHECK(results.result().answered == 1);
  CHECK(results.result().service.values.max() == 100ms);
}

TEST_CASE("recorder: blames the server for nothing that lies in a standstill of the tool") {
  workload work;
  recorder results(work, true);
  results.begin(level_times(work, begin_time));
  const auto stopped = begin_time + 100ms;
  const auto woken = stopped + 2500ms;
  for (auto t = begin_time; t <= stopped; t += pulse)
    results.notice(t);
  CHECK(results.count_reply(stopped, stopped, stopped, woken, 1, true));
  CHECK(results.result().service.values.size() == 0);
  CHECK(results.result().longest_stall == 0ns);
  CHECK(results.result().unmeasured == 1);
  CHECK(results.result().stood_still() == 2500ms);
  CHECK(results.stood_still_since(stopped));
  CHECK(results.take_second().latency.size() == 0);
  results.count_missed(stopped + 1s, woken, 1, true);
  CHECK(results.result().missed_sends == 0);
  CHECK(results.result().unmeasured == 2);
  CHECK(results.count_reply(woken, woken, woken, woken + 1ms, 1, true));
  CHECK(results.result().service.values.max() == 1ms);
}

TEST_CASE("recorder: takes a standstill of the tool out of an interruption") {
  workload work;
  recorder results(work, false);
  results.begin(level_times(work, begin_time));
  for (auto t = begin_time; t <= begin_time + 1s; t += pulse)
    results.notice(t);
  for (auto t = begin_time + 2s; t <= begin_time + 3s; t += pulse)
    results.notice(t);
  results.add_interruption(7, begin_time, begin_time + 3s, 0, true);
  results.add_interruption(8, begin_time + 1s, begin_time + 2s, 0, true); // nothing else
  REQUIRE(results.result().interruptions.size() == 1);
  CHECK(results.result().interruptions.front().duration == 2s);
  results.add_interruption(9, begin_time + 1s, begin_time + 2s, 3, false); // its lost messages still count
  REQUIRE(results.result().interruptions.size() == 2);
  CHECK(results.result().interruptions.back().lost == 3);
  CHECK(results.result().interruptions.back().duration == 0s);
}

TEST_CASE("recorder: knows whether the longest latency is only a lower bound") {
  workload work;
  recorder results(work, false);
  results.begin(level_times(work, begin_time));
  results.count_unfinished(begin_time, begin_time, begin_time + 200ms);
  CHECK(results.result().service.is_max_censored());
  results.count_reply(begin_time, begin_time, begin_time, begin_time + 300ms, 1, true);
  CHECK_FALSE(results.result().service.is_max_censored());
  results.count_lost(begin_time, begin_time, begin_time + 400ms, false);
  CHECK(results.result().service.is_max_censored()); // the time-out
}

TEST_CASE("recorder: takes what is lost or missed for at least the time-out") {
  workload work;
  work.rate = 10;
  work.timeout = 10s;
  recorder results(work, false);
  results.begin(level_times(work, begin_time));
  results.count_lost(begin_time, begin_time + 1s, begin_time + 2s, true);
  CHECK(results.result().late == 1);
  CHECK(results.result().service.censored == 1);
  CHECK(results.result().service.values.max() >= 10s);
  CHECK(results.result().response.values.max() >= 10s);
  results.count_missed(begin_time + 1s, begin_time + 2s, 1, true);
  CHECK(results.result().missed_sends == 1);
  CHECK(results.result().response.censored == 2);
  CHECK(results.result().wait.censored == 1);
}

TEST_CASE("recorder: gives each second its own counts") {
  workload work;
  recorder results(work, true);
  results.begin(level_times(work, begin_time));
  results.count_connected(1);
  results.count_sent(begin_time, begin_time);
  results.count_reply(begin_time, begin_time, begin_time, begin_time + 1ms, 1, true);
  results.count_wrong(fault::corrupt);
  auto part = results.take_second();
  CHECK(part.sent == 1);
  CHECK(part.verified == 1);
  CHECK(part.errors == 1);
  CHECK(part.connected == 1);
  CHECK(part.latency.size() == 1);
  part = results.take_second();
  CHECK(part.sent + part.verified + part.errors + part.latency.size() == 0);
  CHECK(part.connected == 1);
}

TEST_CASE("recorder: counts how long replies lay unread, but no steps of the clock and no standstills") {
  workload work;
  work.warmup = 1s;
  work.duration = 10s;
  recorder results(work, false);
  results.begin(level_times(work, begin_time));
  const auto& result = results.result();
  const auto sent = begin_time + 5s;
  results.count_unread(3ms, sent, sent + 4ms);
  results.count_unread(-1ms, sent, sent + 4ms); // the clock was set back
  results.count_unread(5ms, sent, sent + 4ms);  // or forward
  results.count_unread(std::nullopt, sent, sent + 4ms);
  results.count_unread(3ms, begin_time + 500ms, begin_time + 504ms); // before the window
  CHECK(result.unread.size() == 1);
  CHECK(result.unread.max() == 3ms);
  CHECK(result.unknown_arrivals == 3);
  results.notice(sent);
  results.notice(sent + 200ms); // nobody ran meanwhile
  results.count_unread(150ms, sent, sent + 200ms);
  CHECK(result.unread.size() == 1);
}
