// revecho-stress as a process: it praises good servers, and no others. Direct, where no server of ours takes
// part, and where it knows its clients by their addresses.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <chrono>
#include <csignal>
#include <thread>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

outcome stress(std::uint16_t port, std::vector<std::string> options) {
  options.insert(options.begin(), std::to_string(port));
  return run("revecho-stress", options);
}

} // namespace

TEST_CASE("stress: verifies every reply of a good server, a row for each level") {
  const auto v = GENERATE(from_range(variants_serving(10)));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(v.name, framing);
  const server_process server(v, {"--framing", framing});
  const auto end = stress(server.port(), {"--framing", framing, "--clients", "2,10", "--messages", "20"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.output, contains("verified") && contains("\n      2 ") && contains(" 40 ") && contains("\n     10 ") &&
                             contains(" 200 "));
}

TEST_CASE("stress: sees every client of an iterative server served in the end, when the work is fixed") {
  const server_process server(variants().front());
  const auto end = stress(server.port(), {"--clients", "5", "--messages", "10"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.output, contains(" 50 "));
}

TEST_CASE("stress: half-closes after a message in eof even if it came due only after connecting") {
  const auto v = GENERATE(from_range(variants_serving(10)));
  const std::string pace = GENERATE("--rate", "--think");
  const server_process server(v, {"--framing", "eof", "--message-timeout", "1s"}); // it waits for the half-close
  const auto end = stress(server.port(),
      {"--framing", "eof", "--clients", "5", "--duration", "500ms", pace, pace == "--rate" ? "100" : "20ms"});
  CAPTURE(v.name, pace, end.output, end.errors);
  CHECK(end.exit_code == 0);
}

TEST_CASE("stress: ends when its next message is due only after the end of the level") {
  const server_process server(variants().back(), {"--framing", "line"});
  process tool("revecho-stress",
      {std::to_string(server.port()), "--framing", "line", "--clients", "5", "--think", "400ms", "--duration", "1s"});
  std::this_thread::sleep_for(600ms); // it thinks, with more to send at 800 ms
  tool.signal(SIGSTOP);
  std::this_thread::sleep_for(1s);
  tool.signal(SIGCONT);
  CHECK(tool.wait().exit_code == 0);
}

TEST_CASE("stress: calls a reply late that does not come within the time-out", "[direct]") {
  const listening_socket silent;
  const auto end = stress(silent.port(), {"--clients", "3", "--messages", "1", "--timeout", "100ms"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("late") && contains("Nobody was answered"));
}

TEST_CASE("stress: fails when nobody listens", "[direct]") {
  std::uint16_t port = 0;
  {
    const listening_socket gone;
    port = gone.port();
  }
  const auto end = stress(port, {"--clients", "3", "--messages", "1"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot connect") && contains("refused"));
}

TEST_CASE("stress: names a host that is not there", "[direct]") {
  const auto end = run("revecho-stress", {"no..host:7", "--clients", "2", "--messages", "1"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot connect to no..host:7: Host not found"));
}

TEST_CASE("stress: connects from the addresses it was told", "[direct]") {
  const server_process server(variants().back(), {"--framing", "line", "--max-message", "16"});
  // The server names those who send it too much.
  run("revecho-stress", {std::to_string(server.port()), "--framing", "line", "--clients", "8", "--messages", "1",
                            "--source", "127.0.0.2-127.0.0.5"});
  for (const std::string address : {"127.0.0.2:", "127.0.0.3:", "127.0.0.4:", "127.0.0.5:"}) {
    CAPTURE(address);
    CHECK(eventually([&] {
      const auto log = server.log();
      return log.find(address) != log.rfind(address); // twice
    }));
  }
}

TEST_CASE("stress: holds a part of a large message only, not all of it", "[direct]") {
  if (sanitized) SKIP_TEST("a sanitizer needs all addresses");
  const server_process server(variants().back(), {"--framing", "length", "--max-message", "256MiB"});
  const auto end = run_in_shell("ulimit -v 300000", "revecho-stress",
      {std::to_string(server.port()), "--framing", "length", "--size", "256MiB", "--clients", "1", "--messages", "1",
          "--timeout", "1h"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
}

TEST_CASE("stress: verifies a server on an IPv6 address", "[direct]") {
  const server_process server(variants().back(), {"--framing", "line"}, {"[::1]:0"});
  const auto end = run("revecho-stress", {"[::1]:" + std::to_string(server.port()), "--framing", "line", "--clients",
                                             "4", "--messages", "5", "--threads", "2"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
}

TEST_CASE("stress: refuses a load that cannot be checked or run", "[direct]") {
  const auto [options, reason] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"--size", "65KiB"}, "line or length"},
      {{"--clients", "0"}, "from 1 to"},
      {{"--clients", "1,,2"}, "not a whole number"},
      {{"--duration", "0"}, "more than 0"},
      {{"--messages", "5", "--duration", "1s"}, "excludes"},
      {{"--messages", "5", "--warmup", "1s"}, "excludes"},
      {{"--messages", "5", "--cooldown", "1s"}, "excludes"},
      {{"--pipeline", "2"}, "line or length"},
      {{"--pipeline", "2", "--framing", "eof"}, "one message"},
      {{"--session", "2", "--framing", "eof"}, "one message"},
      {{"--pipeline", "2", "--framing", "line", "--think", "1s"}, "--think"},
      {{"--rate", "10", "--think", "1s"}, "excludes"},
      {{"--rate", "0"}, "rate"},
      {{"--rate", "nan"}, "rate"},
      {{"--arrivals", "poisson"}, "requires"},
      {{"--find-rate", "p99=5ms"}, "one number of --clients"}, // of the default, which is three
      {{"--find-rate", "p100=5ms", "--clients", "1"}, "p99=5ms"},
      {{"--find-rate", "p99=5ms", "--clients", "1", "--rate", "5"}, "excludes"},
      {{"--source", "127.0.0.5-127.0.0.2"}, "range"},
      {{"--close", "abort"}, "fin|reset"},
      {{"--no-such-option"}, "no-such-option"},
      {{"--clients", ""}, "--clients"},
      {{"--clients", "-1"}, "--clients"},
      {{"--clients", "1e99"}, "--clients"},
      {{"--size", "1e99"}, "--size"},
      {{"--size", "-1"}, "--size"},
      {{"--threads", "0"}, "--threads"},
      {{"--timeout", "-1s"}, "--timeout"},
      {{"127.0.0.1:65536"}, "65536"},
      {{"127.0.0.1:0"}, "port"},
      {{"7000", "127.0.0.1:7000"}, "'127.0.0.1:7000' was given already"},
      {{"--framing", "line", "--framing", "raw"}, "--framing"},
      {{"--clients", "1", "--clients", "2"}, "--clients"},
      {{"--messages", "1", "--messages", "2"}, "--messages"},
      {{"--json", "a", "--json", "b"}, "--json"},
      {{"--json", "-", "--csv", "-"}, "can have stdout"},
      {{"--tolerance", "5%"}, "requires"},
      {{"--baseline", "a", "--tolerance", "5"}, "write it like 10%"},
      {{"--baseline", "a", "--duration", "5s"}, "--duration of 6s"},
      {{"--baseline", "a"}, "--duration of 6s"},
      {{"--baseline", "a", "--messages", "5"}, "excludes"},
  }));
  CAPTURE(options);
  const auto end = run("revecho-stress", options);
  CHECK(end.exit_code == 2);
  CHECK_THAT(end.errors, contains(reason));
  CHECK(end.output.empty());
}
