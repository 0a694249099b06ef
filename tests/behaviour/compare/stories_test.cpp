// The stories of revecho-compare (--story), as a process.
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/text_matchers.hpp"

#include <string>

using namespace revecho::test;

TEST_CASE("compare: tells the story of five requests") {
  const auto end = compare({"--story", "five-requests", "--repeat", "1", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto document = document_of(end);
  CHECK(document["scenarios"].empty());
  REQUIRE(document["stories"].size() == 1);
  const auto& rows = document["stories"][0]["rows"];
  REQUIRE(rows.size() == 2);
  for (const auto& row : rows) {
    CHECK(row["runs"].size() == 1);
    CHECK(row["seconds"]["median"] >= 0.2); // a request
  }
  CHECK(rows[0]["seconds"]["median"] >= 1.0); // one after the other
  REQUIRE(document["verdicts"].size() == 1);
  CHECK_THAT(document["verdicts"][0],
      contains(rows[0]["label"].get<std::string>() + ": ") && contains(rows[1]["label"].get<std::string>() + ": "));
}

TEST_CASE("compare: tells the story of a limit") {
  const auto end = compare({"--story", "limit", "--repeat", "1"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  for (const std::string row : {"one by one", "2 in flight", "10 in flight", "all together"})
    CHECK_THAT(end.output, contains(row + " "));
}

TEST_CASE("compare: tells the story of a slow neighbor, in every framing") {
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  const auto end = compare({"--story", "slow-neighbor", "--models", "sync iterative,async", "--clients", "3",
      "--duration", "300ms", "--repeat", "1", "--framing", framing, "--json", "-"});
  CAPTURE(framing, end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  CHECK(scenario["framing"] == framing);
  CHECK(result_of(scenario, "sync iterative")["runs"][0]["unserved"] == 3);
  CHECK(result_of(scenario, "async(1)")["runs"][0]["unserved"] == 0);
  CHECK_THAT(scenario["verdict"]["text"], contains("sync iterative served nobody"));
}

TEST_CASE("compare: tells the story of a slow neighbor of a server that is running already") {
  const scripted_server server(honest("line"));
  const auto end = compare({"--story", "slow-neighbor", "--against", "a=" + server.address(), "--clients", "2",
      "--duration", "300ms", "--repeat", "1"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(unwrapped(end.output), contains("stalled in mid-message") && contains("a: "));
}

TEST_CASE("compare: tells the story of a crowd") {
  const auto end = compare(
      {"--story", "crowd", "--models", "sync threads,async", "--clients", "3,6", "--duration", "1s", "--repeat", "1"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.output, contains("3 clients, ") && contains("6 clients, ") && contains("between requests"));
}
