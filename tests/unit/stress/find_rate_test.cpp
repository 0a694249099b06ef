// The search for the highest rate, on levels whose figures are known.
#include "tests/support/catch.hpp"
#include "tools/stress/find_rate.hpp"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

constexpr latency_target p99_of_5ms{99, 5ms};

level_result level_of(double rate, std::chrono::nanoseconds duration, std::chrono::nanoseconds latency) {
  level_result level;
  level.offered_rate = rate;
  level.window = duration;
  level.completed = rate * seconds(duration);
  level.answered = level.verified = static_cast<std::uint64_t>(level.completed);
  level.response.values.record(latency, level.answered);
  return level;
}

} // namespace

TEST_CASE("find rate: knows no percentile with fewer than ten messages beyond it, and so does not let it hold") {
  CHECK(holds(level_of(1000, 1s, 1ms), p99_of_5ms));
  CHECK_FALSE(holds(level_of(999, 1s, 1ms), p99_of_5ms));
  CHECK_FALSE(holds(level_of(1000, 1s, 6ms), p99_of_5ms));
}

TEST_CASE("find rate: lets a step last as long as its percentile needs") {
  for (const double rate : {1.0, 20.0, 1000.0, 1e6})
    for (const double percent : {50.0, 99.0, 99.9}) {
      const latency_target target{percent, 5ms};
      const auto duration = duration_of_step(rate, target, 200ms);
      CAPTURE(rate, percent, duration.count());
      CHECK(duration >= 200ms);
      CHECK(duration <= 1min);
      if (duration < 1min) CHECK(holds(level_of(rate, duration, 1ms), target));
    }
  CHECK(duration_of_step(1000, p99_of_5ms, 3s) == 3s);
}

TEST_CASE("find rate: comes within 5 % of the highest rate that holds") {
  const double truth = 7300;
  std::vector<double> tried;
  const double found = find_rate(p99_of_5ms, [&](double rate) {
    tried.push_back(rate);
    return level_of(rate, 2s, rate <= truth ? 1ms : 1s);
  });
  CHECK(found <= truth);
  CHECK(found >= truth / 1.05);
  CHECK(tried.front() == 1000);
}

TEST_CASE("find rate: looks only where the percentile can be known in a minute") {
  const latency_target p99_999_of_5ms{99.999, 5ms};
  std::vector<double> tried;
  const double found = find_rate(p99_999_of_5ms, [&](double rate) {
    tried.push_back(rate);
    return level_of(rate, duration_of_step(rate, p99_999_of_5ms, 1s), 1s);
  });
  CHECK(found == 0);
  REQUIRE(tried.size() == 1);
  CHECK(std::abs(tried.front() / (1.1e6 / 60) - 1) < 1e-6);
}
