// Several targets: clients take them in turn, and the report has figures for each. Direct: a proxy has one target.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/names.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace revecho::test;

namespace {

using words = std::vector<std::string>;

std::string at(const std::string& host, std::uint16_t port) { return host + ":" + std::to_string(port); }

server_process server_on(const std::string& endpoint) {
  return server_process(variants().back(), {"--framing", "line"}, {endpoint});
}

outcome stress(words arguments, const words& more) {
  arguments.insert(arguments.end(), {"--framing", "line"});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run("revecho-stress", arguments);
}

} // namespace

TEST_CASE("stress: gives its clients the targets in turn, and reports each", "[direct]") {
  auto first = server_on("127.0.0.1:0");
  auto second = server_on("127.0.0.1:0");
  const words both{at("127.0.0.1", first.port()), at("127.0.0.1", second.port())};
  const std::string threads = GENERATE("1", "2");
  const auto report = parsed(stress(both, {"--clients", "5", "--messages", "7", "--threads", threads, "--json", "-"}));
  CAPTURE(threads, report.end.errors, report.level.dump(2));
  REQUIRE(report.end.exit_code == 0);
  const auto& targets = report.level["targets"];
  REQUIRE(targets.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(targets[i]["to"] == both[i]);
    CHECK(targets[i]["clients"] == (i == 0 ? 3 : 2));
    CHECK(targets[i]["verified"] == (i == 0 ? 21 : 14));
    CHECK(targets[i]["latency_us"]["service"]["count"] == targets[i]["verified"]);
  }
  CHECK(report.level["verified"] == 35);
  CHECK(targets[0]["rate"].get<double>() + targets[1]["rate"].get<double>() ==
        Approx(report.level["rate"].get<double>()));
  CHECK_THAT(first.stop(), contains("served 3 connections, 21 messages"));
  CHECK_THAT(second.stop(), contains("served 2 connections, 14 messages"));
}

TEST_CASE("stress: has a row for each target under that of all", "[direct]") {
  const auto first = server_on("127.0.0.1:0");
  const auto second = server_on("127.0.0.2:0");
  const words both{at("127.0.0.1", first.port()), at("127.0.0.2", second.port())};
  const auto end = stress(both, {"--clients", "2,4", "--messages", "1"});
  CAPTURE(end.output, end.errors);
  REQUIRE(end.exit_code == 0);
  std::size_t found = 0;
  for (const auto& word :
      {std::string("target"), std::string(" all "), both[0], both[1], std::string(" all "), both[0], both[1]}) {
    found = end.output.find(word, found);
    REQUIRE(found != std::string::npos);
    found += word.size();
  }
}

TEST_CASE("stress: counts the faults of a target there, and its outage as one of the whole target", "[direct]") {
  const auto good = server_on("127.0.0.1:0");
  std::string dead;
  {
    const listening_socket gone;
    dead = at("127.0.0.1", gone.port());
  }
  const words both{at("127.0.0.1", good.port()), dead};
  const auto report = parsed(stress(both, {"--clients", "4", "--messages", "3", "--json", "-"}));
  CAPTURE(report.end.errors, report.level.dump(2));
  CHECK(report.end.exit_code == 1);
  CHECK_THAT(report.end.errors, contains("cannot connect to " + dead));
  const auto& targets = report.level["targets"];
  CHECK(targets[0]["connect_failed"] == 0);
  CHECK(targets[0]["verified"] == 6);
  CHECK(targets[0]["outages"].empty());
  CHECK(targets[1]["connect_failed"] == 2);
  CHECK(targets[1]["verified"] == 0);
  CHECK(report.level["connect_failed"] == 2);
}

TEST_CASE("stress: spreads its clients over all addresses of a name only with --all-addresses", "[direct]") {
  const auto first = server_on("127.0.0.2:0");
  const auto port = first.port();
  const auto second = server_on(at("127.0.0.3", port));
  const names known;
  known.set("both.test 0 127.0.0.2 127.0.0.3\n");
  const bool spread = GENERATE(false, true);
  words arguments{at("both.test", port), "--framing", "line", "--clients", "4", "--messages", "2", "--json", "-"};
  if (spread) arguments.emplace_back("--all-addresses");
  const auto report = parsed(run_in_shell(known.loading(), "revecho-stress", arguments));
  CAPTURE(spread, report.end.errors, report.level.dump(2));
  REQUIRE(report.end.exit_code == 0);
  const auto said = contains("both.test has 2 addresses");
  if (spread) {
    CHECK_THAT(report.end.errors, !said);
    REQUIRE(report.level["targets"].size() == 2);
    CHECK(report.level["targets"][0]["to"] == at("127.0.0.2", port));
    CHECK(report.level["targets"][0]["verified"] == 4);
    CHECK(report.level["targets"][1]["to"] == at("127.0.0.3", port));
    CHECK(report.level["targets"][1]["verified"] == 4);
  } else {
    CHECK_THAT(report.end.errors, said);
    CHECK(report.level["targets"].empty());
    CHECK(report.level["verified"] == 8);
  }
}
