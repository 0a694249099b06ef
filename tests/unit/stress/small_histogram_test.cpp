// Latencies of one client, against sorted samples.
#include "tests/support/catch.hpp"
#include "tools/stress/small_histogram.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <vector>

using namespace revecho::stress;
using namespace std::chrono_literals;

TEST_CASE("small histogram: knows percentiles of latencies from a microsecond to minutes to 13 %") {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> draw(std::log(5e3), std::log(100e9));
  std::vector<std::int64_t> all;
  small_histogram h;
  for (int i = 0; i < 5000; ++i) {
    all.push_back(static_cast<std::int64_t>(std::exp(draw(random))));
    h.record(std::chrono::nanoseconds{all.back()});
  }
  std::sort(all.begin(), all.end());
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0}) {
    const auto exact = static_cast<double>(all[static_cast<std::size_t>(percent * 50) - 1]);
    const auto told = static_cast<double>(h.known_percentile(percent).value().count());
    CAPTURE(percent, exact, told);
    CHECK(told >= exact);
    CHECK(told <= 1.13 * exact + 1100);
  }
}

TEST_CASE("small histogram: knows no percentile with fewer than ten values beyond it") {
  small_histogram h;
  for (int i = 0; i < 19; ++i)
    h.record(1ms);
  CHECK_FALSE(h.known_percentile(50));
  h.record(1ms);
  CHECK(h.known_percentile(50));
  CHECK_FALSE(h.known_percentile(99));
}

TEST_CASE("small histogram: takes what is too long, and what is negative") {
  small_histogram h;
  for (int i = 0; i < 40; ++i)
    h.record(i < 20 ? std::chrono::nanoseconds{-5} : std::chrono::nanoseconds{24h});
  CHECK(h.known_percentile(10).value() < 2us);
  CHECK(h.known_percentile(75).value() > 1min);
}
