// Medians and ratios, and whether their intervals hold what they say.
#include "tests/support/catch.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/compare/student.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace revecho;
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

struct population {
  std::string name;
  std::function<double(std::mt19937_64&)> draw;
  double median;
};

// Rates of runs as they may be: around a figure, with a tail, and of two kinds.
std::vector<population> populations() {
  std::normal_distribution<double> normal(0, 1);
  return {{"normal", [=](auto& random) mutable { return 1000 + 30 * normal(random); }, 1000},
      {"skewed", [=](auto& random) mutable { return 1000 * std::exp(0.5 * normal(random)); }, 1000},
      {"bimodal", [=](auto& random) mutable { return 1000 + (random() % 2 == 0 ? -60 : 60) + 10 * normal(random); },
          1000}};
}

std::vector<double> drawn(std::function<double(std::mt19937_64&)> draw, std::mt19937_64& random, std::size_t count) {
  std::vector<double> values(count);
  for (double& value : values)
    value = draw(random);
  return values;
}

// Of so many attempts, each with draws of its own from one population.
template <class Attempt>
double share_of_successes(int times, std::uint64_t seed, Attempt attempt) {
  std::mt19937_64 random(seed);
  int successes = 0;
  for (int i = 0; i < times; ++i)
    successes += attempt(random) ? 1 : 0;
  return static_cast<double>(successes) / times;
}

} // namespace

TEST_CASE("estimate: takes the middle value, or the mean of the two in the middle") {
  CHECK(median({}) == 0);
  CHECK(median({7}) == 7);
  CHECK(median({3, 1}) == 2);
  CHECK(median({9, 1, 5}) == 5);
  CHECK(median({4, 1, 100, 2}) == 3);
}

TEST_CASE("estimate: of no values is nothing, and of one that value, with which nothing is sure") {
  const auto none = estimate_median({});
  CHECK((none.median == 0 && none.low == 0 && none.high == 0));
  const auto one = estimate_median({3.5});
  CHECK((one.median == 3.5 && one.low == 3.5 && one.high == 3.5 && one.level == 0));
}

TEST_CASE("estimate: of a difference is within rounds, and as wide as the values are uncertain") {
  const auto by = estimate_difference({110, 220, 330, 440, 550}, {100, 200, 300, 400, 500}, 0); // slower and slower
  CHECK((by.median == 30 && by.low == 10 && by.high == 50 && by.level == estimate_median({1, 2, 3, 4, 5}).level));
  const auto rough = estimate_difference({110, 220, 330, 440, 550}, {100, 200, 300, 400, 500}, 0.01);
  CHECK(rough.median == 30);
  CHECK(std::abs(rough.low - (0.99 * 110 - 100)) < 1e-9);
  CHECK(std::abs(rough.high - (550 - 0.99 * 500)) < 1e-9);
  const auto one = estimate_difference({7}, {3, 9}, 0);
  CHECK((one.median == 4 && one.level == 0));
  CHECK(estimate_difference({}, {3}, 0).level == 0);
}

TEST_CASE("estimate: of a difference holds the true one as surely as it says, though rounds drift") {
  for (const auto& p : populations()) {
    const auto holds = [&](std::mt19937_64& random) {
      std::vector<double> a;
      std::vector<double> b;
      for (int round = 0; round < 5; ++round) {
        const double drift = 1000.0 * round; // of the machine
        a.push_back(drift + p.draw(random) + 25);
        b.push_back(drift + p.draw(random));
      }
      const auto by = estimate_difference(a, b, 0);
      return by.low <= 25 && 25 <= by.high;
    };
    CAPTURE(p.name);
    CHECK(std::abs(share_of_successes(20'000, 1, holds) - 0.9375) < 0.006);
  }
}

TEST_CASE("estimate: knows how sure its interval is, by counting") {
  CHECK(std::abs(estimate_median({1, 2, 3}).level - (1 - 2.0 / 8)) < 1e-9);
  const auto five = estimate_median({5, 1, 4, 2, 3}); // all five above or below it: twice 1/32
  CHECK((five.low == 1 && five.high == 5));
  CHECK(std::abs(five.level - (1 - 2.0 / 32)) < 1e-9);
  const auto ten = estimate_median({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}); // at least nine of ten: twice 11/1024
  CHECK((ten.low == 2 && ten.high == 9));
  CHECK(std::abs(ten.level - (1 - 2.0 * 11 / 1024)) < 1e-9);
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

TEST_CASE("estimate: holds the true median as surely as it says, whatever the distribution") {
  const std::size_t runs = GENERATE(5U, 7U, 10U);
  const auto one = GENERATE(from_range(populations()));
  CAPTURE(runs, one.name);
  double level = 0;
  const auto holds = [&](std::mt19937_64& random) {
    const auto e = estimate_median(drawn(one.draw, random, runs));
    level = e.level;
    return e.low <= one.median && one.median <= e.high;
  };
  const double share = share_of_successes(20'000, 1, holds);
  CHECK(level >= 0.93);
  CHECK(std::abs(share - level) < 0.006);
}

TEST_CASE("ratio: is that of the means, with an interval around it") {
  const auto r = ratio_of({200, 202, 198, 201, 199}, {100, 101, 99, 100, 100});
  CHECK(std::abs(r.middle - (2)) < 0.001);
  CHECK((r.low > 1.95 && r.low < r.middle && r.middle < r.high && r.high < 2.05));
  CHECK(r.probability < 1e-9);
  const auto inverse = ratio_of({100, 101, 99, 100, 100}, {200, 202, 198, 201, 199});
  CHECK(std::abs(inverse.middle - (1 / r.middle)) < 1e-9);
  CHECK(std::abs(inverse.low - (1 / r.high)) < 1e-9);
  CHECK(std::abs(inverse.probability - (r.probability)) < 1e-9);
}

TEST_CASE("ratio: of values without any spread is certain") {
  const std::vector<double> ones(5, 100);
  CHECK(ratio_of(ones, ones).probability == 1);
  CHECK(ratio_of(ones, std::vector<double>(5, 101)).probability == 0);
}

TEST_CASE("ratio: says nothing for fewer than five values, however far apart") {
  for (const auto& [a, b] : std::vector<std::pair<std::vector<double>, std::vector<double>>>{
           {{}, {}}, {{1, 1, 1, 1}, {1000, 1000, 1000, 1000, 1000}}, {{1000, 1000, 1000, 1000, 1000}, {1, 1, 1, 1}}}) {
    const auto r = ratio_of(a, b);
    CHECK(r.probability == 1);
    CHECK((r.low == 0 && r.high > 1e300));
  }
}

TEST_CASE("ratio: does not take a run that brought nothing for a small difference") {
  const auto r = ratio_of({100, 101, 99, 100, 0}, {100, 101, 99, 100, 100});
  CHECK(r.probability > 0.05);
  CHECK((r.low < 1 && r.high > 1));
}

TEST_CASE("ratio: of equal quantities leaves out 1 in one case of twenty at most") {
  const std::size_t runs = GENERATE(5U, 7U, 10U);
  const auto one = GENERATE(from_range(populations()));
  CAPTURE(runs, one.name);
  const auto is_wrong = [&](std::mt19937_64& random) {
    const auto r = ratio_of(drawn(one.draw, random, runs), drawn(one.draw, random, runs));
    CHECK_FALSE((r.probability < 0.049 && r.low < 1 && r.high > 1)); // both say the same
    return r.low > 1 || r.high < 1;
  };
  CHECK(share_of_successes(10'000, 2, is_wrong) < 0.057);
}

// Adds rounds while an interval is wider than 3 % to either side, as revecho-compare does.
TEST_CASE("ratio: of equal quantities is significant in one case of twenty at most if runs go on") {
  const double spread = GENERATE(0.01, 0.025, 0.035, 0.05);
  const bool is_skewed = GENERATE(false, true);
  CAPTURE(spread, is_skewed);
  std::normal_distribution<double> draw(0, spread);
  const auto next = [&](std::mt19937_64& random) {
    const double off = draw(random);
    return is_skewed ? 100 * std::exp(off + std::abs(off)) : 100 + 100 * off;
  };
  const auto is_wide = [](const std::vector<double>& values) {
    const auto e = estimate_median(values);
    return (e.high - e.low) / 2 > 0.03 * e.median;
  };
  const auto is_wrong = [&](std::mt19937_64& random) {
    std::vector<double> a;
    std::vector<double> b;
    do {
      a.push_back(next(random));
      b.push_back(next(random));
    } while (a.size() < fewest_values_to_differ || (a.size() < 25 && (is_wide(a) || is_wide(b))));
    return ratio_of(a, b).probability <= level_of_significance(true);
  };
  CHECK(share_of_successes(10'000, 3, is_wrong) < 0.05);
}

TEST_CASE("Holm: takes a probability for significant beside all others only") {
  CHECK(significant_up_to({}, 0.05) < 0);
  CHECK(significant_up_to({0.04}, 0.05) == 0.04);
  CHECK(significant_up_to({0.04, 0.04}, 0.05) < 0);
  CHECK(significant_up_to({0.04, 0.02}, 0.05) == 0.04); // 0.02 beside one other, and then 0.04 alone
  CHECK(significant_up_to({0.5, 0.001, 0.012, 0.03}, 0.05) == 0.012);
}

TEST_CASE("student: has the quantiles of the tables") {
  CHECK(std::abs(two_sided_quantile(0.05, 1) - (12.7062)) < 1e-5);
  CHECK(std::abs(two_sided_quantile(0.05, 4) - (2.77645)) < 1e-5);
  CHECK(std::abs(two_sided_quantile(0.01, 5) - (4.03214)) < 1e-5);
  CHECK(std::abs(two_sided_quantile(0.05, 7.5) - (2.33298)) < 1e-4);
  CHECK(std::abs(two_sided_quantile(0.05, 1e6) - (1.95997)) < 1e-5);
  CHECK(two_sided_probability(0, 3) == 1);
  CHECK(std::abs(two_sided_probability(-2.77645, 4) - (0.05)) < 1e-4);
  CHECK(two_sided_probability(50, 8) < 1e-10);
}
