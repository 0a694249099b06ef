// Latency that a contestant adds to that of the first one.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/compare/comparisons.hpp"
#include "tools/compare/documents.hpp"
#include "tools/compare/output.hpp"
#include "tools/compare/verdict.hpp"
#include "tools/table.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

using namespace revecho::compare;
using namespace revecho::testing;
using revecho::test::contains;

namespace {

// A contestant with a run for each p50.
result replied(const std::string& name, const std::vector<double>& p50_us, const std::vector<double>& p99_us = {}) {
  auto r = ran(name, std::vector<double>(p50_us.size(), 1000));
  for (std::size_t i = 0; i < p50_us.size(); ++i) {
    r.runs[i][metric::p50_us] = p50_us[i];
    r.runs[i][metric::censored] = 0;
    if (i < p99_us.size()) r.runs[i][metric::p99_us] = p99_us[i];
  }
  return r;
}

document running(std::vector<result> results) {
  auto d = document_of({under(10, std::move(results))});
  for (auto& c : d.contestants)
    c.endpoint = "127.0.0.1:7000";
  judge_all(d);
  return d;
}

std::string told(std::vector<result> results) { return running(std::move(results)).scenarios[0].verdict.text; }

const auto direct = replied("direct", {60, 61, 62, 61, 60}, {300, 310, 305, 301, 299});
const auto proxy = replied("proxy", {85, 87, 86, 85, 86}, {410, 400, 415, 405, 408});

} // namespace

TEST_CASE("added latency: has an interval for each contestant except the first") {
  const auto d = running({direct, proxy, replied("other", {50, 51, 52, 51, 50})});
  const auto& s = d.scenarios[0];
  CHECK(s.baseline == "direct");
  CHECK(s.results[0].added.empty());
  REQUIRE(s.results[1].added.size() == 2);
  CHECK(s.results[1].added[0].of == metric::p50_us);
  CHECK(s.results[1].added[0].by.median == 25);
  CHECK(s.results[1].added[0].is_significant);
  REQUIRE(s.results[2].added.size() == 1); // whose p99 is not known
  const std::string expected =
      "Compared with direct, proxy adds 25.0 us [23.3–26.5] at p50 and adds 109 us [87–112] at "
      "p99; other saves 10.0 us [9.5–10.4] at p50.";
  CHECK_THAT(s.verdict.text, contains(expected));
  CHECK_THAT(s.verdict.headline, contains(expected));
  CHECK_THAT(d.verdicts.front(), contains(expected));
  CHECK_THAT(as_text(d, revecho::any_width), contains("Adds, saves: the median of the differences"));
}

TEST_CASE("added latency: is in the document, and read from it by judging again") {
  const nlohmann::ordered_json j(running({direct, proxy}));
  const auto& s = j["scenarios"][0];
  CHECK(s["baseline"] == "direct");
  CHECK(s["results"][0]["added"].is_null());
  const auto& added = s["results"][1]["added"];
  CHECK(added["p50_us"]["median"] == 25);
  CHECK(added["p50_us"]["significant"] == true);
  CHECK(std::abs(added["p50_us"]["low"].get<double>() - (85 * (1 - 1 / 128.0) - 61)) < 1);
  CHECK(added["p99_us"]["level"] == 0.9375);
  auto again = j.get<document>();
  judge_all(again);
  CHECK(nlohmann::ordered_json(again) == j);
}

TEST_CASE("added latency: has one unit for a figure and its interval") {
  CHECK_THAT(told({replied("a", {1e3, 1e3, 1e3, 1e3, 1e3}), replied("b", {3e3, 3.1e3, 3.2e3, 3e3, 3e3})}),
      contains("b adds 2.00 ms [1.98–2.21] at p50"));
  CHECK_THAT(told({replied("a", {1, 1, 1, 1, 1}), replied("b", {1.5, 1.5, 1.5, 1.5, 1.5})}),
      contains("b adds 500 ns [488–508] at p50"));
}

TEST_CASE("added latency: is not significant if it may be chance, or if its interval holds zero") {
  CHECK_THAT(told({direct, replied("as fast", {60, 62, 61, 61, 61})}),
      contains("as fast does not differ significantly at p50 (0.00 us [-1.48 to 1.48])."));
  const auto d = running({replied("a", {60, 60, 60, 60, 60}), replied("b", {85, 85, 85, 85, 59})});
  CHECK_FALSE(d.scenarios[0].results[1].added[0].is_significant);
}

TEST_CASE("added latency: below what a percentile tells apart is no difference") {
  const auto d =
      running({replied("a", {10000, 10000, 10000, 10000, 10000}), replied("b", {10050, 10050, 10050, 10050, 10050})});
  CHECK_FALSE(d.scenarios[0].results[1].added[0].is_significant);
}

TEST_CASE("added latency: counts among the comparisons of the document") {
  const auto a = replied("a", {1000, 1020, 1040, 1060, 1080});
  const auto b = replied("b", {1060, 1080, 1100, 1120, 1140}); // p = 0.02
  auto one = document_of({under(10, {a, b})});
  one.contestants[0].endpoint = "7000";
  auto three = document_of(std::vector<scenario_results>(3, under(10, {a, b})));
  three.contestants[0].endpoint = "7000";
  judge_all(one);
  judge_all(three);
  CHECK(one.scenarios[0].results[1].added[0].probability == three.scenarios[0].results[1].added[0].probability);
  CHECK(one.scenarios[0].results[1].added[0].is_significant);
  CHECK_FALSE(three.scenarios[0].results[1].added[0].is_significant);
}

TEST_CASE("added latency: is not told of a bound, of a failure, of few served, of few runs, or of models alone") {
  const auto late = with(proxy, metric::censored, 0.02);
  CHECK_THAT(told({direct, late}), contains(" at p50") && !contains(" at p99"));
  CHECK_THAT(told({direct, failed(proxy, "why")}), !contains("Compared with"));
  CHECK_THAT(told({failed(direct, "why"), proxy}), !contains("Compared with"));
  CHECK_THAT(told({direct, with(proxy, metric::unserved, 3)}), !contains("Compared with"));
  CHECK_THAT(told({direct}), !contains("Compared with"));
  CHECK_THAT(told({replied("a", {1, 2, 3}), replied("b", {10, 20, 30})}), !contains("Compared with"));
  auto models = document_of({under(10, {direct, proxy})});
  judge_all(models);
  CHECK_THAT(models.scenarios[0].verdict.text, !contains("Compared with"));
}

TEST_CASE("added latency: says that the load tool delayed replies, if it did") {
  CHECK_THAT(told({direct, with(proxy, metric::tool_limited, 1)}), contains("lower bounds, and it delayed replies."));
}
