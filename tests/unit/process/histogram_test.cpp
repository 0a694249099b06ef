// The latencies' histogram, against sorted samples.
#include "shared/process/histogram.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using revecho::histogram;

TEST_CASE("histogram: is empty at first") {
  const histogram h;
  CHECK(h.size() == 0);
  CHECK(h.percentile(50) == 0ns);
  CHECK(h.mean() == 0ns);
  CHECK(h.min() == 0ns);
  CHECK(h.max() == 0ns);
}

TEST_CASE("histogram: gives back a single value exactly") {
  for (const auto value : {0ns, 1ns, 127ns, 128ns, 129ns, 255ns, 256ns, 1'000'003ns, 3'599'000'000'000ns}) {
    histogram h;
    h.record(value);
    CAPTURE(value.count());
    CHECK(h.percentile(0) == value);
    CHECK(h.percentile(50) == value);
    CHECK(h.percentile(100) == value);
    CHECK(h.mean() == value);
  }
}

TEST_CASE("histogram: is at most 1 % off, and never below the true percentile") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> law(std::log(2e6), 2.5); // from below a microsecond to minutes
  std::vector<std::int64_t> samples;
  histogram h;
  for (int i = 0; i < 200'000; ++i) {
    samples.push_back(std::min<std::int64_t>(static_cast<std::int64_t>(law(random)), 600'000'000'000));
    h.record(std::chrono::nanoseconds{samples.back()});
  }
  std::sort(samples.begin(), samples.end());
  for (const double percent : {0.001, 1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    CAPTURE(percent);
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(samples.size()))) - 1;
    const auto exact = static_cast<double>(samples[rank]);
    const auto found = static_cast<double>(h.percentile(percent).count());
    CHECK(found >= exact);
    CHECK(found <= exact * 1.01);
  }
  CHECK(h.max().count() == samples.back());
  CHECK(h.min().count() == samples.front());
}

TEST_CASE("histogram: merges as if all had been recorded in one") {
  histogram together;
  histogram first;
  histogram second;
  for (int i = 0; i < 1000; ++i) {
    together.record(i * 1us);
    together.record(i * 1ms);
    first.record(i * 1us);
    second.record(i * 1ms);
  }
  first.merge(second);
  CHECK(first.size() == together.size());
  CHECK(first.mean() == together.mean());
  CHECK(first.min() == together.min());
  CHECK(first.max() == together.max());
  for (const double percent : {1.0, 25.0, 50.0, 75.0, 99.0})
    CHECK(first.percentile(percent) == together.percentile(percent));
}

TEST_CASE("histogram: takes what is out of its range at its ends") {
  histogram h;
  h.record(-5ns);
  CHECK(h.max() == 0ns);
  h.record(100h);
  CHECK(h.max() == 1h);
  CHECK(h.percentile(100) == 1h);
}

TEST_CASE("histogram: does not know a percentile with fewer than ten values beyond it") {
  histogram h;
  CHECK_FALSE(h.known_percentile(50));
  h.record(1ms, 19);
  CHECK_FALSE(h.known_percentile(50));
  h.record(1ms);
  CHECK(h.known_percentile(50) == h.percentile(50));
  CHECK_FALSE(h.known_percentile(90));
  h.record(1ms, 979);
  CHECK_FALSE(h.known_percentile(99));
  h.record(1ms);
  CHECK(h.known_percentile(99) == h.percentile(99));
  h.record(1ms, 9000);
  CHECK(h.known_percentile(99.9) == h.percentile(99.9)); // exactly ten
  CHECK_FALSE(h.known_percentile(99.99));
}
