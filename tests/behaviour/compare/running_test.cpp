// revecho-compare with servers that are running already: how they differ, and what they cost.
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/text_matchers.hpp"

#include <chrono>
#include <string>
#include <thread>

using namespace revecho::test;
using namespace std::chrono_literals;

using words = std::vector<std::string>;

namespace {

std::function<void(peer&)> honest_after(std::chrono::milliseconds wait) {
  return answering("line", [wait](peer& client, const request& r) {
    std::this_thread::sleep_for(wait);
    client.send(r.reply + "\n");
    return true;
  });
}

} // namespace

// However busy the machine, it delays both: no median of five medians is off by as much as the bounds are.
TEST_CASE("compare: tells how much latency a server adds to another, against servers of which that is known") {
  const scripted_server direct(honest_after(10ms));
  const scripted_server slower(honest_after(30ms));
  const auto end = compare({"--against", "direct=" + direct.address(), "--against", "slower=" + slower.address(),
      "--framing", "line", "--clients", "4", "--repeat", "5", "--duration", "600ms", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  CHECK(scenario["baseline"] == "direct");
  CHECK(result_of(scenario, "direct")["added"].is_null());
  const auto added = result_of(scenario, "slower")["added"]["p50_us"];
  CHECK(added["median"] > 10'000);
  CHECK(added["median"] < 40'000);
  CHECK(added["low"] < added["median"]);
  CHECK(added["median"] < added["high"]);
  CHECK_THAT(scenario["verdict"]["headline"], contains(" Compared with direct, slower ") && contains(" at p50"));
}
