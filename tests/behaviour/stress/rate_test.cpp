// Rates whose truth a scripted server knows: each connection has a reply at fixed times, so that N clients get N / S of
// them a second, S being the service time. Direct: there is no server of ours.
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

constexpr int clients = 10;

struct measured {
  double rate;
  bool limited; // by the load tool, as it says itself
};

// The k-th reply comes at k × service after the first message, whatever happened to those before.
auto replying_every(std::chrono::milliseconds service) {
  return [service](peer& client) {
    auto due = std::chrono::steady_clock::time_point{};
    for (std::string message; !(message = client.receive_some()).empty();) {
      if (due == std::chrono::steady_clock::time_point{}) due = std::chrono::steady_clock::now();
      std::this_thread::sleep_until(due += service);
      client.send(reversed(message));
    }
  };
}

// How far a rate may be off. A slow load tool takes its time between a reply and the next message, which is no service
// time; what counted replies on one side of an edge was off by 2 to 20 %.
double bound(const measured& m) { return sanitized || m.limited ? 0.015 : 0.005; }

// A busy machine moves the first and the last reply of a window; then the figure is that of another try.
template <class Measure>
bool is_right(std::chrono::milliseconds service, Measure measure) {
  const double truth = clients / std::chrono::duration<double>(service).count();
  for (int tries = 0; tries < 5; ++tries) {
    const measured m = measure();
    if (std::abs(m.rate / truth - 1) <= bound(m)) return true;
    UNSCOPED_INFO("a rate of " << m.rate << " instead of " << truth << (m.limited ? ", limited" : ""));
  }
  return false;
}

} // namespace

TEST_CASE("stress: has the rate N/S of N clients at a service time S", "[direct]") {
  const auto service = GENERATE(10ms, 170ms, 200ms);
  CAPTURE(service.count());
  const scripted_server server(replying_every(service));
  CHECK(is_right(service, [&]() -> measured {
    const auto end = run("revecho-stress",
        {server.address(), "--clients", std::to_string(clients), "--duration", "2s", "--json", "-", "--quiet"});
    const auto level = nlohmann::json::parse(end.output)["levels"][0];
    return {level["rate"], level["generator"]["limited"]};
  }));
}

TEST_CASE("compare: has the rate N/S of N clients at a service time S") {
  const auto service = GENERATE(10ms, 170ms);
  CAPTURE(service.count());
  const scripted_server server(replying_every(service));
  CHECK(is_right(service, [&]() -> measured {
    const auto end =
        compare({"--against", "exact=" + server.address(), "--clients", std::to_string(clients), "--json", "-"});
    const auto summary = result_of(scenario_of(end), "exact")["summary"];
    return {summary["rate"]["median"], summary["tool_limited"]["median"] > 0};
  }));
}
