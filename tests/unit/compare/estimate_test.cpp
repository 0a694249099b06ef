// Medians, their intervals, and when two of them differ.
#include "tests/support/catch.hpp"
#include "tools/compare/estimate.hpp"

#include <algorithm>
#include <random>

using namespace revecho::compare;

namespace {

// So many values around `middle`, at most `spread` away from it; the same each time.
std::vector<double> around(double middle, double spread, std::size_t count) {
  std::mt19937 random(1);
  std::vector<double> values(count);
  for (double& value : values)
    value = middle + spread * (2.0 * static_cast<double>(random()) / static_cast<double>(std::mt19937::max()) - 1);
  return values;
}

} // namespace

TEST_CASE("estimate: takes the middle value, or the mean of the two in the middle") {
  CHECK(median({}) == 0);
  CHECK(median({7}) == 7);
  CHECK(median({3, 1}) == 2);
  CHECK(median({9, 1, 5}) == 5);
  CHECK(median({4, 1, 100, 2}) == 3);
}

TEST_CASE("estimate: of no values is nothing, and of one that value") {
  const auto none = estimate_median({});
  CHECK((none.median == 0 && none.low == 0 && none.high == 0));
  const auto one = estimate_median({3.5});
  CHECK((one.median == 3.5 && one.low == 3.5 && one.high == 3.5));
}

TEST_CASE("estimate: has the median in its interval, and the interval among the values") {
  const auto values = GENERATE(Catch::Generators::values<std::vector<double>>(
      {{1, 2}, {1, 2, 3}, {5, 1, 4, 2, 3}, {1, 1, 1, 1, 100}, {-5, 0, 5}, around(50, 30, 40)}));
  CAPTURE(values);
  const auto e = estimate_median(values);
  CHECK(e.median == median(values));
  CHECK(e.low <= e.median);
  CHECK(e.median <= e.high);
  CHECK(e.low >= *std::min_element(values.begin(), values.end()));
  CHECK(e.high <= *std::max_element(values.begin(), values.end()));
}

TEST_CASE("estimate: is the same for the same values") {
  const auto values = around(100, 10, 9);
  const auto first = estimate_median(values);
  const auto second = estimate_median(values);
  CHECK((first.low == second.low && first.high == second.high));
}

TEST_CASE("estimate: trusts many values more than few, and does not depend on the unit") {
  const auto few = estimate_median(around(100, 10, 5));
  const auto many = estimate_median(around(100, 10, 500));
  CHECK(many.high - many.low < (few.high - few.low) / 3);
  auto values = around(100, 10, 7);
  const auto e = estimate_median(values);
  for (double& value : values)
    value *= 1024;
  CHECK(estimate_median(values).low == 1024 * e.low);
  CHECK(estimate_median(values).high == 1024 * e.high);
}

TEST_CASE("estimate: tells clearly different medians apart, in both directions") {
  CHECK(differ({100, 101, 102}, {200, 201, 202}));
  CHECK(differ({200, 201, 202}, {100, 101, 102}));
  CHECK(differ(around(100, 10, 5), around(150, 10, 7)));
}

TEST_CASE("estimate: sees no difference where values overlap, are equal, or have an outlier") {
  CHECK_FALSE(differ({100, 100, 100}, {100, 100, 100}));
  CHECK_FALSE(differ({100, 110, 120, 130, 140}, {105, 115, 125, 135, 145}));
  CHECK_FALSE(differ({100, 101, 102, 500, 501}, {99, 100, 101, 102, 103}));
}

TEST_CASE("estimate: sees no difference in fewer than three values, however far apart") {
  CHECK_FALSE(differ({}, {}));
  CHECK_FALSE(differ({1, 1}, {1000, 1000, 1000}));
  CHECK_FALSE(differ({1000, 1000, 1000}, {1, 1}));
}
