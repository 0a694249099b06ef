// Everything that makes a level fail can be seen: in the table, in the reasons and in the JSON.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tools/stress/documents.hpp"
#include "tools/stress/output.hpp"
#include "tools/table.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <sstream>
#include <string>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

// An open loop of which nothing failed.
level_result right_level() {
  level_result level;
  level.clients = 3;
  level.offered_rate = 1000;
  level.window = 2s;
  level.verified = 2000;
  level.replies = {600, 700, 700};
  return level;
}

nlohmann::ordered_json json_of(const level_result& level, const failure_rule& rule = {}) {
  stress_options options;
  options.rule = rule;
  return as_json(options, {}, {}, {level})["levels"][0];
}

// The cell under that title; titles and cells end in the same column.
std::string cell(const level_result& level, const std::string& title) {
  level_table table(level.clients, any_width);
  std::istringstream lines(table.add(level));
  std::string titles;
  std::string rule;
  std::string row;
  std::getline(lines, titles);
  std::getline(lines, rule);
  std::getline(lines, row);
  const auto at = titles.find("  " + title + (titles.ends_with(title) ? "" : "  "));
  if (at == titles.npos) return "no such title";
  const auto end = width_of(titles.substr(0, at)) + 2 + title.size();
  const auto upto = first_of(row, end);
  return upto.substr(upto.find_last_of(' ') + 1);
}

struct reason {
  std::string title;
  std::string pointer; // of the JSON
  std::function<void(level_result&)> make;
};

const std::vector<reason> reasons{
    {"wrong", "/wrong/corrupt", [](auto& l) { l.wrong[static_cast<std::size_t>(fault::corrupt)] = 7; }},
    {"lost", "/lost", [](auto& l) { l.lost = 7; }},
    {"late", "/late", [](auto& l) { l.late = 7; }},
    {"unconnected", "/connect_failed", [](auto& l) { l.connect_failed = 7; }},
    {"closed early", "/closed_early", [](auto& l) { l.closed_early = 7; }},
    {"missed", "/generator/missed_sends", [](auto& l) { l.missed_sends = 7; }},
};

} // namespace

TEST_CASE("stress: shows each reason to fail in a column, on stderr and in the JSON") {
  for (const auto& each : reasons) {
    auto level = right_level();
    CAPTURE(each.title);
    CHECK(cell(level, each.title) == "0");
    CHECK(failures({}, level).empty());
    CHECK(json_of(level)["ok"] == true);
    each.make(level);
    CHECK(cell(level, each.title) == "7");
    REQUIRE(failures({}, level).size() == 1);
    CHECK_THAT(failures({}, level).front(), test::StartsWith("7 "));
    CHECK(json_of(level).at(nlohmann::ordered_json::json_pointer(each.pointer)) == 7);
    CHECK(json_of(level)["failures"].size() == 1);
    CHECK(json_of(level)["ok"] == false);
    CHECK_FALSE(level.ok());
  }
}

TEST_CASE("stress: shows that nobody was answered") {
  auto level = right_level();
  level.verified = 0;
  CHECK(cell(level, "verified") == "0");
  CHECK(json_of(level)["failures"] == nlohmann::ordered_json{"nobody was answered"});
}

TEST_CASE("stress: shows each condition that was not met, with its figure") {
  auto level = right_level();
  level.closed_idle = 4;
  level.reconnects = 5;
  level.replies[0] = 0;
  level.interruptions.push_back({0, 1s, 300ms, 0, false});
  for (const std::string condition : {"closed>3", "reconnects>4", "unserved>0", "outage>200ms", "rate<1", "max>=0s",
           "p50>=0s", "lost>=0", "late>=0", "wrong>=0", "connect_failed>=0", "missed>=0"}) {
    CAPTURE(condition);
    const auto rule = parse_failure_rule({"none", condition});
    REQUIRE(failures(rule, level).size() == 1);
    CHECK_THAT(failures(rule, level).front(), test::contains(" (" + condition + ")"));
    CHECK(json_of(level, rule)["failures"].size() == 1);
  }
}
