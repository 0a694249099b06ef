// The text output of revecho-compare, for terminals of every width.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/compare/comparisons.hpp"
#include "tools/compare/output.hpp"
#include "tools/compare/verdict.hpp"
#include "tools/table.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace revecho::testing;
using revecho::any_width;
using revecho::compare::as_text;
using revecho::compare::document;
using revecho::compare::metric;
using revecho::test::contains;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

std::size_t widest(const std::string& text) {
  std::size_t width = 0;
  for (const auto& line : lines_of(text))
    width = std::max(width, revecho::width_of(line));
  return width;
}

const std::string long_name = "a server that has a long name, number ";

// As many as the default call has, with all that is known of a server that was started for it.
document seven_contestants(const std::string& name = "epoll, number ") {
  std::vector<revecho::compare::scenario_results> scenarios;
  for (const std::size_t clients : {10UL, 1000UL}) {
    std::vector<revecho::compare::result> results;
    for (int i = 0; i < 7; ++i) {
      auto r = ran(name + std::to_string(i), {98'765.0 + i, 98'766.0 + i, 98'767.0 + i});
      for (const auto& [m, value] :
          {std::pair{metric::replies, 12'345.0}, {metric::p50_us, 12'300.0}, {metric::p99_us, 45'600.0},
              {metric::max_us, 123'456.0}, {metric::first_reply_p99_us, 12'300.0}, {metric::accept_max_us, 1'230.0},
              {metric::processor_us, 45.6}, {metric::censored, 0.0}, {metric::unserved, 0.0}, {metric::cpu_us, 12.3},
              {metric::cpu_user_us, 3.21}, {metric::context_switches, 1.02}, {metric::threads, 1003.0},
              {metric::peak_memory_bytes, 123e6}, {metric::memory_per_connection_bytes, 12'345.0}})
        r = with(std::move(r), m, value);
      results.push_back(std::move(r));
    }
    scenarios.push_back(under(clients, std::move(results)));
  }
  auto d = document_of(std::move(scenarios));
  revecho::compare::judge_all(d);
  return d;
}

} // namespace

TEST_CASE("output: fits whatever the terminal's width is") {
  const auto d = seven_contestants(GENERATE(std::string("epoll "), long_name));
  const auto width = GENERATE(range<std::size_t>(64, 260));
  const auto text = as_text(d, width);
  CAPTURE(width, text);
  CHECK(widest(text) <= width);
}

TEST_CASE("output: says under each table what it has no room for") {
  const auto d = seven_contestants();
  CHECK_THAT(as_text(d, any_width), contains(" interval ") && contains(" per conn.") && !contains("Left out"));
  const auto text = as_text(d, 80);
  CAPTURE(text);
  const auto rows = lines_of(text);
  const auto is_said = [](const std::string& row) { return row.starts_with("Left out to fit 80 columns: "); };
  CHECK(std::count_if(rows.begin(), rows.end(), is_said) == 2);
  CHECK_THAT(text, contains(" replies/s ") && contains(" p50 ") && contains(" p99 ") && contains(" CPU/reply\n"));
}

TEST_CASE("output: leaves out first what is known of nobody") {
  auto d = seven_contestants();
  for (auto& s : d.scenarios)
    for (auto& r : s.results)
      for (auto& run : r.runs)
        for (const auto m : {metric::cpu_us, metric::threads, metric::peak_memory_bytes,
                 metric::memory_per_connection_bytes, metric::context_switches})
          run[m].reset();
  const auto text = as_text(d, 100);
  CAPTURE(text);
  CHECK_THAT(
      text, contains(" max  ") && !contains(" CPU/reply ") && !contains(" memory  ") && !contains(" per conn.\n"));
}

TEST_CASE("output: has no columns of what nobody knows of servers that run already") {
  auto d = document_of({under(10, {with(ran("a", {1, 2, 3}), metric::p50_us, 30), ran("b", {4, 5, 6})})});
  for (auto& c : d.contestants)
    c.endpoint = "127.0.0.1:7000";
  CHECK_THAT(as_text(d, any_width), contains("  p50  p99  unserved\n") && !contains("CPU") && !contains("Left out"));
  d.contestants.front().endpoint.clear();
  CHECK_THAT(as_text(d, any_width), contains("  CPU/reply  ") && contains("  per conn.\n"));
}

TEST_CASE("output: shows every contestant in the overview, in as many tables as it takes") {
  const auto d = seven_contestants(long_name);
  const auto text = as_text(d, 80);
  CAPTURE(text);
  std::string titles;
  std::size_t tables = 0;
  for (const auto& line : lines_of(text))
    if (line.starts_with("replies/s ")) titles += line, ++tables;
  CHECK(tables > 1);
  for (int i = 0; i < 7; ++i) {
    const auto end = "number " + std::to_string(i);
    CHECK(titles.find(end) != std::string::npos);
    CHECK(titles.find(end) == titles.rfind(end));
  }
  const auto rows = lines_of(text);
  const auto count = [&](const std::string& start) {
    return static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [&](const std::string& row) { return row.starts_with(start); }));
  };
  CHECK(count("no work") == tables);
  CHECK(count("  10 clients  ") == tables);
  CHECK(count("  1000 clients  ") == tables);
  CHECK_THAT(as_text(d, any_width), contains("\nreplies/s, and who is best ") && contains("\n1000 clients, no work "));
}

TEST_CASE("output: leaves the unserved clients in the narrowest table, if there are any") {
  auto d = seven_contestants(long_name);
  d.scenarios[0].results[0] = with(d.scenarios[0].results[0], metric::unserved, 3);
  revecho::compare::judge_all(d);
  const auto width = GENERATE(64, 80);
  const auto text = as_text(d, static_cast<std::size_t>(width));
  CAPTURE(text);
  CHECK(widest(text) <= static_cast<std::size_t>(width));
  CHECK_THAT(text.substr(0, text.find("1000 clients")), contains("  unserved"));
}

TEST_CASE("output: marks a rate that the load tool limited as at least, and not as equal") {
  auto d = document_of({under(10, {with(ran("limited", {100, 101, 102, 103, 104}), metric::tool_limited, 1),
                                      ran("equal", {100, 101, 102, 103, 104})}),
      under(20, {ran("limited", {100, 101, 102, 103, 104}), ran("equal", {100, 101, 102, 103, 104})})});
  revecho::compare::judge_all(d);
  const auto text = as_text(d, any_width);
  CAPTURE(text);
  CHECK_THAT(text, contains("\n≥  limited      ≥ 102") && contains("\n=  equal          102"));
  CHECK_THAT(text, contains("10 clients, no work         ≥ 102    102 =\n"));
}

TEST_CASE("output: marks nobody as the best who was compared with nobody") {
  auto d = document_of({under(10, {ran("alone", {100, 101, 102})})});
  revecho::compare::judge_all(d);
  CHECK_THAT(as_text(d, any_width), contains("\n  alone ") && !contains("*"));
  d = document_of({under(10, {ran("alone", {100, 101, 102}), failed(ran("gone", {}), "did not start")})});
  revecho::compare::judge_all(d);
  CHECK_THAT(as_text(d, any_width), contains("\n  alone "));
}

TEST_CASE("output: shows how many latencies the percentiles are of") {
  const auto text = as_text(seven_contestants(), any_width);
  CAPTURE(text);
  CHECK_THAT(text,
      contains("     max  samples  ") && contains("  123 ms    12.3k  ") && contains("Samples: replies of a run."));
}
