// --baseline: whether a level is worse than in a former run.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tools/stress/baseline.hpp"
#include "tools/stress/conditions.hpp"
#include "tools/stress/documents.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <random>
#include <string>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

using json = nlohmann::ordered_json;

struct truth {
  double rate = 10'000;
  std::chrono::nanoseconds p50 = 200us;
  std::chrono::nanoseconds p99 = 2ms;
  double spread = 0.03; // a deviation, as a part
};

// Warm-up for a second, then a window of ten. The first second is another matter.
stress_options some_load() {
  stress_options options;
  options.levels = {10};
  options.work.warmup = 1s;
  options.work.duration = 10s;
  return options;
}

level_result level_of(const truth& t, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> about(1, t.spread);
  const auto of = [&](std::chrono::nanoseconds time) {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(about(random) * static_cast<double>(time.count()))};
  };
  level_result level;
  level.clients = 10;
  level.window = 10s;
  for (int i = 1; i <= 11; ++i) {
    second_figures second;
    second.time = i * 1s;
    second.verified = i == 1 ? 1 : static_cast<std::uint64_t>(t.rate * about(random));
    second.p50 = i == 1 ? 1s : of(t.p50);
    second.p99 = of(t.p99);
    level.verified += second.verified;
    level.by_second.push_back(second);
  }
  level.messages = level.answered = level.verified;
  return level;
}

json document_of(const level_result& level, const stress_options& load = some_load()) {
  return json::parse(as_json(load, host(), {}, {level}).dump());
}

baseline baseline_of(const level_result& level, double tolerance = 0.1) {
  return parse_baseline("old.json", tolerance, document_of(level), config_json(some_load()));
}

std::vector<std::string> worse(const baseline& than, const level_result& level) {
  std::vector<std::string> all;
  for (const auto& each : compare(than, level))
    if (!each.reason.empty()) all.emplace_back(to_string(each.figure));
  return all;
}

using names = std::vector<std::string>;

std::string refusal(const json& document, const stress_options& load = some_load()) {
  try {
    parse_baseline("old.json", 0.1, document, config_json(load));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

} // namespace

TEST_CASE("baseline: finds each figure worse by itself, and says how much") {
  const auto than = baseline_of(level_of({}, 1));
  CHECK(worse(than, level_of({}, 2)).empty());
  CHECK(worse(than, level_of({.rate = 8'000}, 2)) == names{"rate"});
  CHECK(worse(than, level_of({.p50 = 300us}, 2)) == names{"p50"});
  CHECK(worse(than, level_of({.p99 = 3ms}, 2)) == names{"p99"});
  auto faulty = level_of({}, 2);
  faulty.lost = 12;
  CHECK(worse(than, faulty) == names{"faults"});
  const auto slow = level_of({.rate = 8'000, .spread = 1e-9}, 2);
  CHECK(compare(baseline_of(level_of({.spread = 1e-9}, 1)), slow)[0].reason ==
        "rate is 8k/s (8k/s to 8k/s), and was 10k/s (10k/s to 10k/s) in old.json: worse by more than 10 %");
}

TEST_CASE("baseline: finds nothing worse that is better") {
  const auto than = baseline_of(level_of({}, 1));
  CHECK(worse(than, level_of({.rate = 20'000, .p50 = 100us, .p99 = 1ms}, 2)).empty());
}

TEST_CASE("baseline: allows what its tolerance does") {
  const auto slower = level_of({.p50 = 260us, .spread = 0.01}, 2);
  CHECK(worse(baseline_of(level_of({.spread = 0.01}, 1), 0.1), slower) == names{"p50"});
  CHECK(worse(baseline_of(level_of({.spread = 0.01}, 1), 0.5), slower).empty());
}

TEST_CASE("baseline: takes noise for worse in none of 300 equal runs, and finds 30 % in 95 of 100") {
  int found = 0;
  for (unsigned i = 0; i < 300; ++i) {
    const truth noisy{.spread = 0.2};
    const auto than = baseline_of(level_of(noisy, 2 * i));
    CAPTURE(i);
    CHECK(worse(than, level_of(noisy, 2 * i + 1)).empty());
    found += worse(baseline_of(level_of({}, 2 * i)), level_of({.rate = 7'000}, 2 * i + 1)).empty() ? 0 : 1;
  }
  CHECK(found >= 285);
}

TEST_CASE("baseline: compares no figure that fewer than five seconds know") {
  const auto than = baseline_of(level_of({}, 1));
  auto level = level_of({.p99 = 1s}, 2);
  for (std::size_t i = 0; i < 7; ++i)
    level.by_second[i].p99.reset();
  CHECK(worse(than, level).empty());
  CHECK(about_unknown(than, level) ==
        "Not compared with old.json: p99 (one of the runs has it for fewer than five seconds).");
  const auto document = as_json(compare(than, level));
  CHECK(document["p99"]["worse"].is_null());
  CHECK(document["p50"]["worse"] == false);
}

TEST_CASE("baseline: compares nothing if others held up the load tool now, and did not then") {
  auto level = level_of({.rate = 5'000}, 2);
  level.delay_share = 0.5;
  CHECK(worse(baseline_of(level_of({}, 1)), level).empty());
  CHECK_THAT(about_unknown(baseline_of(level_of({}, 1)), level), contains("held up the load tool"));
  auto before = level_of({}, 1);
  before.delay_share = 0.5;
  CHECK(worse(baseline_of(before), level) == names{"rate"});
}

TEST_CASE("baseline: refuses another load, and names what differs") {
  const auto document = document_of(level_of({}, 1));
  auto load = some_load();
  CHECK(refusal(document, load).empty());
  load.work.to.front().port = 1;
  load.work.seed = 7;
  CHECK(refusal(document, load).empty());
  load.levels = {20};
  load.work.pipeline = 4;
  CHECK(refusal(document, load) ==
        "old.json is of another load: clients was [10], and is [20]; pipeline was 1, and is 4");
  auto later = document;
  later["config"]["of_later_version"] = false;
  CHECK(refusal(later).empty());
  later["config"]["of_later_version"] = "some";
  CHECK_THAT(refusal(later), contains("of_later_version was \"some\", and is null"));
}

TEST_CASE("baseline: refuses what --json did not write, or not to its end") {
  CHECK_THAT(refusal(json::parse("{", nullptr, false)), StartsWith("old.json is not what --json writes"));
  CHECK_THAT(refusal(json::object()), StartsWith("old.json is not what --json writes"));
  auto document = document_of(level_of({}, 1));
  document["interrupted"] = true;
  CHECK(refusal(document) == "old.json is of a run that was interrupted");
  document = document_of(level_of({}, 1));
  document["levels"][0].erase("seconds"); // as versions before this one
  CHECK_THAT(refusal(document), contains("earlier version") && contains("seconds"));
  document = document_of(level_of({}, 1));
  document["levels"][0]["seconds"]["verified"] = "many";
  CHECK_THAT(refusal(document), contains("not what --json writes"));
}

TEST_CASE("baseline: is a part of the rule, and so in failures and JUnit's XML") {
  failure_rule rule;
  rule.than = baseline_of(level_of({}, 1));
  const auto level = level_of({.p50 = 400us}, 2);
  REQUIRE(failures(rule, level).size() == 1);
  CHECK_THAT(failures(rule, level)[0], StartsWith("p50 is ") && EndsWith("in old.json: worse by more than 10 %"));
  CHECK_THAT(as_junit(rule, {level}),
      contains("tests=\"5\" failures=\"1\"") && contains("name=\"rate no worse than in old.json\" time=\"10.000\"/>"));
}
