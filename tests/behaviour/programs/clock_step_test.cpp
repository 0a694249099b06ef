// The wall clock steps, and nobody notices: neither who waits nor who measures.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <set>
#include <sstream>
#include <string>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

const std::string stepping = loading(library_path("clock_steps"));

} // namespace

// Not through a proxy: the last message has to have arrived when the signal is sent.
TEST_CASE("server: keeps its time-outs when the wall clock steps", "[direct]") {
  const auto v = behind(stepping, GENERATE(from_range(variants_serving(2))));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--delay", "50ms", "--stats", "100ms", "--log-format", "json",
                               "--idle-timeout", "1h", "--message-timeout", "500ms", "--drain-timeout", "1h"});
  peer patient(server.port());
  for (int i = 0; i < 5; ++i) {
    patient.send("line\n");
    CHECK(patient.receive(5) == "enil\n");
  }
  peer late(server.port());
  late.send("half a line");
  CHECK(late.receive_all().empty()); // it ends, an hour before patience does
  CHECK(patient.is_silent_for(300ms));
  patient.send("line\n");
  CHECK(patient.receive(5) == "enil\n");
  patient.send("last\n");
  const auto log = [&] {
    server.signal(SIGTERM);
    CHECK(patient.receive_all() == "tsal\n");
    patient.close();
    const auto end = server.wait();
    CHECK(end.exit_code == 0);
    return end.errors;
  }();

  // Or the clock has not stepped at all: days are two apart in what is written.
  std::set<std::string> days;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);)
    days.insert(nlohmann::json::parse(line)["time"].get<std::string>().substr(0, 10));
  CHECK(days.size() >= 2);
  CHECK_THAT(log, contains("message took too long to arrive") && !contains("idle for too long"));
}

TEST_CASE("client: gets its replies in time when the wall clock steps") {
  const std::string program = GENERATE("revecho-sync-client", "revecho-async-client");
  CAPTURE(program);
  const server_process server(variants().back(), {"--framing", "line", "--delay", "20ms"});
  const auto end = run_in_shell(stepping, program,
      {"--framing", "line", "--timeout", "30s", "--time", "--to", std::to_string(server.port()), "one", "two"});
  CAPTURE(end.errors);
  CHECK(end.exit_code == 0);
  CHECK(end.output == "eno\nowt\n");
  CHECK_THAT(end.errors, StartsWith("2 replies in ") && !contains("h") && !contains("-"));
}

TEST_CASE("stress: measures the same when the wall clock steps") {
  const server_process server(variants().back(), {"--framing", "line", "--delay", "1ms"});
  const std::string pace = GENERATE("--pipeline 1", "--rate 200");
  const auto space = pace.find(' ');
  const auto end = run_in_shell(stepping, "revecho-stress",
      {std::to_string(server.port()), "--framing", "line", "--clients", "4", "--duration", "500ms", "--timeout", "30s",
          pace.substr(0, space), pace.substr(space + 1), "--json", "-"});
  CAPTURE(pace, end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto level = nlohmann::json::parse(end.output)["levels"][0];
  CHECK(level["verified"] > 0);
  CHECK(level["late"] == 0);
  CHECK(level["latency_us"]["service"]["max"] < 30e6);
  CHECK(level["latency_us"]["service"]["p50"] >= 1000);
  CHECK(level["window_s"] == Approx(0.5).margin(0.1));
}

TEST_CASE("compare: measures the same when the wall clock steps") {
  const auto end = run_in_shell(stepping, "revecho-compare",
      {"--models", "sync threads,async", "--clients", "2", "--delay", "1ms", "--duration", "100ms", "--repeat", "1",
          "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto all = nlohmann::json::parse(end.output);
  CHECK(all["config"]["took_s"] > 0);
  CHECK(all["config"]["took_s"] < 3600);
  for (const auto& result : all["scenarios"][0]["results"]) {
    CHECK(result["runs"][0]["p50_us"] >= 1000);
    CHECK(result["runs"][0]["max_us"] < 3600e6);
  }
}
