// Does a series rise or fall? Known answers, and how often chance is taken for a trend.
#include "tests/support/catch.hpp"
#include "tools/stress/recorder.hpp"
#include "tools/trend.hpp"

#include <chrono>
#include <cmath>
#include <random>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

constexpr steady::time_point begin_time{1h};

// Clients that each have a reply every `service`, which becomes slower by `growth` over the window of 2 s.
level_result with_growing_service(double growth) {
  workload work;
  work.duration = 2s;
  recorder results(work, false);
  const level_times times(work, begin_time);
  results.begin(times);
  for (int client = 0; client < 20; ++client)
    for (auto sent = begin_time; sent < times.window_end;) {
      const double slower = 1 + growth * seconds(sent - begin_time) / 2;
      const auto now = sent + std::chrono::nanoseconds{static_cast<std::int64_t>(10e6 * slower)};
      results.count_reply(sent, sent, sent, now, 1, true);
      sent = now;
    }
  return results.result();
}

} // namespace

TEST_CASE("trend: counts the pairs that rise and fall") {
  CHECK(trend_of(std::vector<double>{1, 2, 3, 4, 5}).rises == 10);
  CHECK(trend_of(std::vector<double>{5, 4, 3, 2, 1}).rises == -10);
  CHECK(trend_of(std::vector<double>{1, 1, 1}).rises == 0);
  CHECK(trend_of(std::vector<double>{}).z() == 0);
  CHECK(std::abs(trend_of(std::vector<double>{1, 2, 3, 4, 5}).variance - 50.0 / 3) < 1e-9);
  auto both = trend_of(std::vector<double>{1, 2, 3});
  both += trend_of(std::vector<double>{300, 200, 100});
  CHECK(both.rises == 0);
}

TEST_CASE("trend: knows how much halves differ") {
  CHECK(std::abs(change_between_halves(std::vector<double>{10, 10, 99, 12, 12}) - 0.2) < 1e-9);
  CHECK(change_between_halves(std::vector<double>{0, 0, 1, 1}) == 0);
  CHECK(change_between_halves(std::vector<double>{}) == 0);
}

TEST_CASE("trend: is seldom seen in chance") {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> draw;
  int seen = 0;
  constexpr int series = 20'000;
  for (int i = 0; i < series; ++i) {
    std::vector<double> figures(20);
    for (auto& figure : figures)
      figure = draw(random);
    if (std::abs(trend_of(figures).z()) > 3.29) ++seen;
  }
  CHECK(seen <= series / 1000);
}

TEST_CASE("level: tells a drift of which the size is known, and none where there is none") {
  CHECK_FALSE(with_growing_service(0).drift());
  CHECK_FALSE(with_growing_service(0.02).drift()); // too little to matter
  const auto slowing = with_growing_service(1).drift();
  REQUIRE(slowing);
  CHECK(std::abs(*slowing + 0.29) < 0.02); // ln(2 / 1.5) / ln(1.5) - 1, by integration
}
