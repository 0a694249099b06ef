// When messages are due, and how many there are.
#include "tests/support/catch.hpp"
#include "tools/stress/schedule.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

constexpr steady::time_point begin_time{1h};

struct scheduled {
  explicit scheduled(workload kind, std::uint64_t number = 0, std::uint64_t all = 1, std::uint64_t seed = 1)
      : work(std::move(kind)), times(work, begin_time), client(work, times, number, all, seed) {}
  workload work;
  level_times times;
  schedule client;
};

workload open_loop(double rate, arrivals arrival = arrivals::even) {
  workload work;
  work.rate = rate;
  work.arrival = arrival;
  return work;
}

std::vector<std::chrono::nanoseconds> dues(scheduled& s, std::size_t count) {
  std::vector<std::chrono::nanoseconds> all;
  for (; all.size() < count; s.client.advance(begin_time))
    all.push_back(s.client.next() - begin_time);
  return all;
}

using offsets = std::vector<std::chrono::nanoseconds>;

} // namespace

TEST_CASE("schedule: a closed loop sends at once, and again when it has thought about the reply") {
  workload work;
  work.think = distribution::parse("10ms");
  scheduled s(work);
  s.client.begin(begin_time);
  CHECK(s.client.next() == begin_time);
  s.client.advance(begin_time);
  s.client.think(begin_time + 1s, 1);
  CHECK(s.client.next() == begin_time + 1s + 10ms);
  s.client.think(begin_time + 2s, 0);
  CHECK(s.client.next() == begin_time + 1s + 10ms);
}

TEST_CASE("schedule: an open loop does not think") {
  auto work = open_loop(10);
  work.think = distribution::parse("10ms");
  scheduled s(work);
  s.client.begin(begin_time);
  s.client.think(begin_time + 1s, 1);
  CHECK(s.client.next() == begin_time);
}

TEST_CASE("schedule: clients of an open loop take turns, evenly") {
  for (std::uint64_t number = 0; number < 4; ++number) {
    scheduled s(open_loop(100), number, 4);
    s.client.begin(begin_time);
    const auto first = 10ms * static_cast<long>(number);
    CHECK(dues(s, 3) == offsets{first, first + 40ms, first + 80ms});
  }
}

TEST_CASE("schedule: an open loop's schedule does not depend on when messages are sent") {
  scheduled s(open_loop(100));
  s.client.begin(begin_time + 5s);
  s.client.advance(begin_time + 9s);
  CHECK(s.client.next() == begin_time + 10ms);
}

TEST_CASE("schedule: Poisson arrivals have the mean of the rate, and are the same for the same seed") {
  constexpr std::size_t count = 100'000;
  scheduled s(open_loop(1000, arrivals::poisson), 3, 10);
  s.client.begin(begin_time);
  const auto all = dues(s, count);
  const double mean = std::chrono::duration<double>(all.back()).count() / static_cast<double>(count);
  CHECK(mean > 0.0098);
  CHECK(mean < 0.0102);
  scheduled again(open_loop(1000, arrivals::poisson), 3, 10);
  again.client.begin(begin_time);
  CHECK(dues(again, 100) == offsets(all.begin(), all.begin() + 100));
  scheduled other(open_loop(1000, arrivals::poisson), 4, 10);
  other.client.begin(begin_time);
  CHECK(dues(other, 100) != offsets(all.begin(), all.begin() + 100));
}

TEST_CASE("schedule: connections open evenly over the ramp") {
  workload work;
  work.ramp = 10s;
  CHECK(connect_time(work, begin_time, 0, 4) == begin_time);
  CHECK(connect_time(work, begin_time, 3, 4) == begin_time + 7500ms);
}

TEST_CASE("schedule: what was due before a client's turn in the ramp is not its work") {
  auto work = open_loop(10);
  work.ramp = 1s;
  scheduled s(work);
  s.client.begin(begin_time + 250ms);
  CHECK(s.client.next() == begin_time + 300ms);
}

TEST_CASE("schedule: ends after so many messages") {
  workload work;
  work.messages = 3;
  scheduled s(work);
  CHECK(s.client.has_more(begin_time + 24h, 2));
  CHECK_FALSE(s.client.has_more(begin_time, 3));
}

TEST_CASE("schedule: a closed loop ends with the time for sending") {
  workload work;
  work.warmup = 1s;
  work.duration = 3s;
  work.cooldown = 1s;
  work.think = distribution::parse("2s");
  scheduled s(work);
  s.client.begin(begin_time);
  CHECK(s.client.has_more(begin_time + 4999ms, 1));
  CHECK_FALSE(s.client.has_more(begin_time + 5s, 1));
  s.client.think(begin_time + 3s, 1); // too late after thinking
  CHECK_FALSE(s.client.has_more(begin_time + 3s, 1));
}

TEST_CASE("schedule: an open loop sends what was due, however late, until it would have timed out") {
  auto work = open_loop(1);
  work.duration = 3s;
  work.timeout = 10s;
  scheduled s(work);
  s.client.begin(begin_time);
  CHECK(s.client.has_more(begin_time + 12s, 0));
  CHECK_FALSE(s.client.has_more(begin_time + 13s, 0));
  dues(s, 3);
  CHECK_FALSE(s.client.has_more(begin_time, 0));
}

TEST_CASE("schedule: gives what an open loop has missed in the window") {
  auto work = open_loop(1);
  work.duration = 3s;
  scheduled s(work);
  s.client.begin(begin_time);
  s.client.advance(begin_time);
  CHECK(s.client.next_missed().last_due == begin_time + 1s);
  CHECK(s.client.next_missed().last_due == begin_time + 2s);
  CHECK(s.client.next_missed().count == 0);
  const workload closed_loop;
  scheduled closed(closed_loop);
  closed.client.begin(begin_time);
  CHECK(closed.client.next_missed().count == 0);
}

TEST_CASE("schedule: gives what was missed in few steps, however high the rate") {
  const auto arrival = GENERATE(arrivals::even, arrivals::poisson);
  auto work = open_loop(1e9, arrival);
  work.duration = 10s;
  scheduled s(work);
  s.client.begin(begin_time);
  std::uint64_t all = 0;
  int steps = 0;
  auto last = begin_time;
  for (auto missed = s.client.next_missed(); missed.count > 0; missed = s.client.next_missed()) {
    CHECK(missed.last_due >= last);
    CHECK(missed.last_due < begin_time + 10s);
    last = missed.last_due;
    all += missed.count;
    ++steps;
  }
  CHECK(steps < 3000);
  CHECK(std::abs(static_cast<double>(all) / 1e10 - 1) <= (arrival == arrivals::even ? 0 : 1e-4)); // 10 sigma
}

TEST_CASE("schedule: of a high rate skips in one step what was due before its turn to connect") {
  const auto arrival = GENERATE(arrivals::even, arrivals::poisson);
  auto work = open_loop(1e9, arrival);
  work.ramp = 24h;
  scheduled s(work);
  s.client.begin(begin_time + 24h);
  CHECK(s.client.next() >= begin_time + 24h);
  CHECK(s.client.next() < begin_time + 24h + 1s);
}

TEST_CASE("schedule: of the lowest rate has one message now, and none that could be waited for") {
  const auto arrival = GENERATE(arrivals::even, arrivals::poisson);
  scheduled s(open_loop(1e-300, arrival));
  s.client.begin(begin_time);
  s.client.advance(begin_time);
  CHECK(s.client.next() > begin_time + 24h);
  CHECK_FALSE(s.client.has_more(begin_time, 0));
}

TEST_CASE("schedule: draws sizes between one byte and the most") {
  workload work;
  work.size = distribution::parse("uniform:0s..5s"); // numbers are nanoseconds here
  work.max_size = 3;
  scheduled s(work);
  for (int i = 0; i < 100; ++i) {
    const auto size = s.client.draw_size();
    CHECK(size >= 1);
    CHECK(size <= 3);
  }
}

TEST_CASE("schedule: draws sessions, of one message in eof") {
  workload work;
  CHECK(scheduled(work).client.draw_session_size() == std::numeric_limits<std::uint64_t>::max());
  work.session = distribution(20);
  CHECK(scheduled(work).client.draw_session_size() == 20);
  work.framing_kind = framing::eof;
  CHECK(scheduled(work).client.draw_session_size() == 1);
}
