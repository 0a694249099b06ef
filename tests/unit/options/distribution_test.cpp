// Random bits, and the laws for durations that are made of them.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"

#include "shared/options/distribution.hpp"
#include "shared/protocol/random.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace revecho;
using revecho::test::contains;
using namespace std::chrono_literals;

namespace {

std::vector<std::chrono::nanoseconds> draws(const std::string& text, std::uint64_t seed, std::size_t count) {
  const auto law = distribution::parse(text);
  random_bits random(seed);
  std::vector<std::chrono::nanoseconds> result(count);
  std::generate(result.begin(), result.end(), [&] { return law.draw(random); });
  return result;
}

double mean_of(const std::vector<std::chrono::nanoseconds>& values) {
  double sum = 0;
  for (const auto value : values)
    sum += static_cast<double>(value.count());
  return sum / static_cast<double>(values.size());
}

std::string refusal(const std::string& text) {
  try {
    static_cast<void>(distribution::parse(text));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

bool near(double value, double expected, double part) { return std::abs(value - expected) <= part * expected; }

} // namespace

TEST_CASE("random_bits: gives the numbers of SplitMix64") {
  random_bits random(1234567); // the first values of the authors' C program for this seed
  CHECK(random() == 6457827717110365317U);
  CHECK(random() == 3203168211198807973U);
  CHECK(random() == 9817491932198370423U);
}

TEST_CASE("random_bits: is a generator for the standard library") {
  static_assert(std::uniform_random_bit_generator<random_bits>);
  random_bits random(7);
  CHECK(std::uniform_int_distribution<int>(3, 3)(random) == 3);
}

TEST_CASE("random_bits: gives fractions from 0 to below 1, half of them below a half") {
  random_bits random(42);
  std::size_t outside = 0;
  std::size_t low = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double fraction = random.fraction();
    outside += fraction < 0 || fraction >= 1;
    low += fraction < 0.5;
  }
  CHECK(outside == 0);
  CHECK(near(static_cast<double>(low), 50'000, 0.02));
}

TEST_CASE("distribution: draws the same again from the same seed, and something else from another") {
  const std::string text = GENERATE("uniform:0s..5s", "exp:50ms");
  CAPTURE(text);
  CHECK(draws(text, 1, 100) == draws(text, 1, 100));
  CHECK(draws(text, 1, 100) != draws(text, 2, 100));
}

TEST_CASE("distribution: always draws a fixed value") {
  for (const std::string text : {"10ms", "fixed:10ms"}) {
    CAPTURE(text);
    CHECK(draws(text, 1, 100) == std::vector<std::chrono::nanoseconds>(100, 10ms));
    CHECK(distribution::parse(text).mean() == 10ms);
  }
}

TEST_CASE("distribution: draws uniform values from all of the range and none outside") {
  const auto values = draws("uniform:2ms..6ms", 1, 100'000);
  CHECK(*std::min_element(values.begin(), values.end()) >= 2ms);
  CHECK(*std::max_element(values.begin(), values.end()) <= 6ms);
  for (const auto from : {2ms, 3ms, 4ms, 5ms}) {
    const auto here =
        std::count_if(values.begin(), values.end(), [&](auto value) { return value >= from && value < from + 1ms; });
    CAPTURE(from.count());
    CHECK(near(static_cast<double>(here), 25'000, 0.05));
  }
  CHECK(distribution::parse("uniform:2ms..6ms").mean() == 4ms);
}

TEST_CASE("distribution: includes both ends of a uniform range") {
  const auto values = draws("uniform:1ns..3ns", 1, 1000);
  for (const auto value : {1ns, 2ns, 3ns})
    CHECK(std::count(values.begin(), values.end(), value) > 0);
  CHECK(draws("uniform:5ms..5ms", 1, 10) == std::vector<std::chrono::nanoseconds>(10, 5ms));
}

TEST_CASE("distribution: draws exponential values with their mean and their tail") {
  const auto values = draws("exp:50ms", 1, 100'000);
  CHECK(near(mean_of(values), 50e6, 0.05));
  CHECK(*std::min_element(values.begin(), values.end()) >= 0ns);
  const auto above = std::count_if(values.begin(), values.end(), [](auto value) { return value > 100ms; });
  CHECK(near(static_cast<double>(above), 13'534, 0.05)); // exp(-2) of them are over twice the mean
  CHECK(distribution::parse("exp:50ms").mean() == 50ms);
}

TEST_CASE("distribution: knows when every draw is zero") {
  CHECK(distribution{}.is_zero());
  CHECK(distribution{}.text() == "0");
  for (const std::string text : {"0", "0s", "fixed:0", "uniform:0..0", "uniform:0s..0ms", "exp:0"}) {
    CAPTURE(text);
    CHECK(distribution::parse(text).is_zero());
    CHECK(draws(text, 1, 10) == std::vector<std::chrono::nanoseconds>(10, 0ns));
  }
  for (const std::string text : {"1ns", "uniform:0s..1ns", "exp:1ns"})
    CHECK_FALSE(distribution::parse(text).is_zero());
}

TEST_CASE("distribution: remembers how it was written") {
  for (const std::string text : {"10ms", "fixed:10ms", "uniform:0s..5s", "exp:1.5s"})
    CHECK(distribution::parse(text).text() == text);
}

TEST_CASE("distribution: refuses what is not a law, naming it") {
  for (const std::string text :
      {"", " ", "5", "-1s", "+5s", "1e99", "1 s", "0x10", " 1s", "9999h", "exp:", "exp:5", "exp:-1s", "exp:1s..2s",
          "exp: 1s", "exp:9999h", "uniform:", "uniform:1s", "uniform:..", "uniform:1s..", "uniform:..1s",
          "uniform:2s..1s", "uniform:-1s..1s", "uniform:1s-2s", "uniform:0..9999h", "uniform:1s..2s..3s",
          "fixed:", "fixed:fixed:1s", "exp:exp:1s", "normal:1s", "Exp:1s", ":1s", "exp 1s", "1s:"}) {
    CAPTURE(text);
    CHECK_FALSE(refusal(text).empty());
  }
  CHECK_THAT(refusal("uniform:1s"), contains("uniform:0s..5s"));
  CHECK_THAT(refusal("uniform:2s..1s"), contains("smaller end"));
  CHECK_THAT(refusal("normal:1s"),
      contains("'normal:1s' is not a distribution: write it like 10ms, uniform:0s..5s or exp:50ms"));
  CHECK_THAT(refusal("1e99"), contains("'1e99'"));
}
