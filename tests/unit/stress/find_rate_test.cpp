// The search for the highest rate, on levels whose figures are known.
#include "tests/support/catch.hpp"
#include "tools/stress/find_rate.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

constexpr latency_target p99_of_5ms{99, 5ms};
constexpr double truth = 7300;

level_result level_of(double rate, std::chrono::nanoseconds duration, std::chrono::nanoseconds latency) {
  level_result level;
  level.offered_rate = rate;
  level.window = duration;
  level.completed = rate * seconds(duration);
  level.answered = level.verified = static_cast<std::uint64_t>(level.completed);
  level.net_response.values.record(latency, level.answered);
  return level;
}

level_result good(double rate) { return level_of(rate, 2s, 1ms); }
level_result bad(double rate) { return level_of(rate, 2s, 1s); }
level_result of_server(double rate) { return rate <= truth ? good(rate) : bad(rate); }

level_result limited(level_result level) {
  level.cpu_share = 1;
  return level;
}

// With the number of each try, from 0.
rate_search search(const std::function<level_result(double rate, int number)>& run) {
  return find_rate(p99_of_5ms, [&, number = 0](double rate, int) mutable { return run(rate, number++); });
}

bool is_right(const rate_search& s) {
  return s.end == search_end::found && s.passed <= truth && s.failed > truth && s.failed <= 1.05 * s.passed;
}

} // namespace

TEST_CASE("find rate: judges no percentile with fewer than ten messages beyond it") {
  CHECK(outcome_of(level_of(1000, 1s, 1ms), p99_of_5ms) == step_outcome::holds);
  CHECK(outcome_of(level_of(999, 1s, 1ms), p99_of_5ms) == step_outcome::unknown);
  CHECK(outcome_of(level_of(1000, 1s, 6ms), p99_of_5ms) == step_outcome::fails);
}

TEST_CASE("find rate: blames the server for no failure that the load tool explains, except wrong replies") {
  CHECK(outcome_of(limited(bad(1000)), p99_of_5ms) == step_outcome::limited);
  CHECK(outcome_of(limited(good(1000)), p99_of_5ms) == step_outcome::holds);
  auto held_up = bad(1000);
  held_up.delay_share = 0.2;
  held_up.lag.record(400ms);
  CHECK(outcome_of(held_up, p99_of_5ms) == step_outcome::fails); // so little explains no second
  held_up.lag.record(800ms);
  CHECK(outcome_of(held_up, p99_of_5ms) == step_outcome::limited);
  auto wrong = limited(good(1000));
  wrong.wrong[0] = 1;
  CHECK(outcome_of(wrong, p99_of_5ms) == step_outcome::fails);
  auto slow = good(1000);
  slow.completed *= 0.9;
  CHECK(outcome_of(slow, p99_of_5ms) == step_outcome::fails);
  CHECK(outcome_of(limited(slow), p99_of_5ms) == step_outcome::limited);
}

TEST_CASE("find rate: lets a step last as long as its percentile needs") {
  for (const double rate : {1.0, 20.0, 1000.0, 1e6})
    for (const double percent : {50.0, 99.0, 99.9}) {
      const latency_target target{percent, 5ms};
      const auto duration = duration_of_step(rate, target, 200ms);
      CAPTURE(rate, percent, duration.count());
      CHECK(duration >= 200ms);
      CHECK(duration <= 1min);
      if (duration < 1min) CHECK(outcome_of(level_of(rate, duration, 1ms), target) == step_outcome::holds);
    }
  CHECK(duration_of_step(1000, p99_of_5ms, 3s) == 3s);
}

TEST_CASE("find rate: comes within 5 % of the highest rate that holds") {
  std::vector<double> tried;
  const auto found = search([&](double rate, int) {
    tried.push_back(rate);
    return of_server(rate);
  });
  CHECK(is_right(found));
  CHECK(tried.front() == 1000);
  CHECK(describe(found) == "7.25k/s; 7.5k/s is too much");
}

TEST_CASE("find rate: is not moved by one bad try, nor by two in a row, wherever they come") {
  const int bad_ones = GENERATE(1, 2);
  const bool by_tool = GENERATE(false, true);
  for (int first = 0; first < 30; ++first) {
    CAPTURE(bad_ones, by_tool, first);
    CHECK(is_right(search([&](double rate, int number) {
      if (number < first || number >= first + bad_ones) return of_server(rate);
      return by_tool ? limited(bad(rate)) : bad(rate);
    })));
  }
}

TEST_CASE("find rate: is right in 99 of 100 searches of which each tenth try is bad by chance") {
  std::mt19937 random(1);
  std::bernoulli_distribution is_bad(0.1);
  int right = 0;
  for (int i = 0; i < 1000; ++i)
    right += is_right(search([&](double rate, int) { return is_bad(random) ? bad(rate) : of_server(rate); })) ? 1 : 0;
  CHECK(right >= 990);
}

TEST_CASE("find rate: calls its result a lower bound where the load tool is the limit") {
  const auto found = search([](double rate, int) { return rate <= truth ? good(rate) : limited(bad(rate)); });
  CHECK(found.end == search_end::limited);
  CHECK(found.passed <= truth);
  CHECK(found.passed >= truth / 1.05);
  CHECK(found.failed == 0);
  CHECK(describe(found) == "at least 7.25k/s: the load tool is the limit");
}

TEST_CASE("find rate: tries no lower rate if the load tool is the limit from the first") {
  int tries = 0;
  const auto found = search([&](double rate, int number) {
    tries = number + 1;
    return limited(bad(rate));
  });
  CHECK(found.end == search_end::limited);
  CHECK(tries == 4);
  CHECK(describe(found) == "unknown: the load tool is the limit");
}

TEST_CASE("find rate: ends at the first step that nobody answers") {
  int tries = 0;
  const auto found = search([&](double rate, int number) {
    tries = number + 1;
    return level_of(rate, 0s, 0s);
  });
  CHECK(found.end == search_end::unanswered);
  CHECK(tries == 1);
  CHECK(describe(found) == "unknown: nobody was answered");
}

TEST_CASE("find rate: knows its bounds when it is interrupted") {
  const auto found = search([&](double rate, int number) {
    auto level = of_server(rate);
    level.interrupted = number == 6; // 1, 2, 4, 8 and 8, 6, 7 thousand
    return level;
  });
  CHECK(found.end == search_end::interrupted);
  CHECK(found.passed == 6000);
  CHECK(found.failed == 8000);
  CHECK(describe(found) == "at least 6k/s, less than 8k/s: interrupted");
}

TEST_CASE("find rate: looks only where the percentile can be known in a minute") {
  const latency_target p99_999_of_5ms{99.999, 5ms};
  std::vector<double> tried;
  const auto found = find_rate(p99_999_of_5ms, [&](double rate, int) {
    tried.push_back(rate);
    return level_of(rate, duration_of_step(rate, p99_999_of_5ms, 1s), 1s);
  });
  CHECK(found.end == search_end::lowest);
  CHECK(found.passed == 0);
  CHECK(found.failed == tried.front());
  for (const double rate : tried)
    CHECK(std::abs(rate / (1.1e6 / 60) - 1) < 1e-6);
}
