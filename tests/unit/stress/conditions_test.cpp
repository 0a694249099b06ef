// --fail-if: what makes a level fail.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tools/stress/conditions.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

// A right one: 2,000 replies, each after 1 ms, the last twenty-one after 8 ms.
level_result some_level() {
  level_result level;
  level.clients = 10;
  level.verified = 2000;
  level.window = 2s;
  level.completed = 2000;
  for (int i = 0; i < 2000; ++i)
    level.service.values.record(i < 1979 ? 1ms : 8ms);
  level.replies = std::vector<std::uint64_t>(10, 200);
  return level;
}

std::vector<std::string> failures_of(const std::string& conditions, const level_result& level) {
  return failures(parse_failure_rule({conditions}), level);
}

bool fails(const std::string& conditions, const level_result& level) { return !failures_of(conditions, level).empty(); }

} // namespace

TEST_CASE("conditions: hold or fail by a figure of the level") {
  const auto level = some_level();
  CHECK(fails("p99>5ms", level));
  CHECK_FALSE(fails("p99>9ms", level));
  CHECK(fails("service.p99>5ms", level));
  CHECK_FALSE(fails("p50>5ms", level));
  CHECK(fails("max>=8ms", level));
  CHECK(fails("rate<1001", level));
  CHECK_FALSE(fails("rate<1000", level));
  CHECK(fails("rate<=1000", level));
  CHECK_FALSE(fails("lost>0,late>0,wrong>0,closed>0,unserved>0,reconnects>0,outage>0s", level));
}

TEST_CASE("conditions: say what failed, and which condition it was") {
  auto level = some_level();
  level.lost = 3;
  level.interruptions.push_back({1, 1s, 300ms, 3, false});
  CHECK(failures_of("p99>5ms,outage>200ms", level) ==
        std::vector<std::string>{"3 lost", "p99 is 8 ms (p99>5ms)", "outage is 300 ms (outage>200ms)"});
  CHECK(failures_of("none,lost>2", level) == std::vector<std::string>{"lost is 3 (lost>2)"});
  CHECK(failures_of("none,lost>3", level).empty());
}

TEST_CASE("conditions: fail if nobody can say that they hold") {
  const auto level = some_level(); // of 2,000, two are beyond p99.9
  CHECK(failures_of("p99.9>1s", level) ==
        std::vector<std::string>{"p99.9 is not known: fewer than ten are beyond it (p99.9>1s)"});
  CHECK(fails("connect.p50>1s", level));
}

TEST_CASE("conditions: judge an open loop by the response") {
  auto level = some_level();
  level.offered_rate = 1000;
  level.response.values.record(2s, 2000);
  CHECK(fails("p50>1s", level));
  CHECK_FALSE(fails("service.p50>1s", level));
}

TEST_CASE("conditions: are the default rule without any, and only that") {
  auto level = some_level();
  CHECK(failures({}, level).empty());
  level.late = 1;
  level.closed_early = 2;
  CHECK(failures({}, level) == std::vector<std::string>{"1 late, 2 connections closed by the server"});
  CHECK_FALSE(level.ok());
  CHECK(failures({}, level_result{}) == std::vector<std::string>{"nobody was answered"});
}

TEST_CASE("conditions: are refused if they make no sense") {
  for (const std::string text : {"", "p99", "p99=5ms", "p99>", "p100>1s", "p99>5", "lost>-1", "lost>many", "foo>1",
           "service.lost>1", "rate<", "service.>1s", "p99>5ms,", "wait.p50>1s"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_failure_rule({text}), std::invalid_argument);
  }
}

TEST_CASE("conditions: become test cases of JUnit") {
  auto level = some_level();
  level.wrong[0] = 1;
  const auto xml = as_junit(parse_failure_rule({"p99>5ms", "rate<1"}), {level});
  CHECK_THAT(xml, test::contains("<testsuite name=\"revecho-stress\" tests=\"3\" failures=\"2\" errors=\"0\">"));
  CHECK_THAT(xml, test::contains("name=\"every reply is right\" time=\"2.000\">\n    <failure message=\"1 wrong\"/>"));
  CHECK_THAT(xml, test::contains("<failure message=\"p99 is 8 ms (p99&gt;5ms)\"/>"));
  CHECK_THAT(xml, test::contains("name=\"rate&lt;1\" time=\"2.000\"/>"));
}
