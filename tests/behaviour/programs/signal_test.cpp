// The clients and the tools do not notice signals that interrupt each of their threads all the time. (The servers:
// server_signal_test.cpp.)
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/interruptions.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

outcome run_interrupted(const std::string& program, const words& arguments) {
  process interrupted(shell, shell_arguments(handling_signals, program, arguments));
  REQUIRE(eventually([&] { return handles_signal(interrupted.id()); }));
  const repeated interruptions([id = interrupted.id()] { interrupt(id); });
  auto end = interrupted.wait();
  CHECK(interruptions.times() > 20);
  return end;
}

} // namespace

TEST_CASE("client: does not notice signals that interrupt it all the time") {
  const std::string program = GENERATE("revecho-sync-client", "revecho-async-client");
  const server_process server(variants().front(), {"--framing", "length", "--delay", "30ms"});
  words arguments{"--framing", "length", "--timeout", "60s", "--to", std::to_string(server.port())};
  std::string expected;
  for (const char letter : {'a', 'b', 'c'}) {
    const std::string message(100'000, letter); // an argument has at most 128 KiB
    arguments.push_back(message + "!");
    expected += "!" + message + "\n";
  }
  const auto end = run_interrupted(program, arguments);
  CAPTURE(program, end.errors);
  CHECK(end.exit_code == 0);
  CHECK((end.output == expected));
}

TEST_CASE("stress: does not notice signals that interrupt it all the time") {
  const auto pace = GENERATE(values<words>({{"--pipeline", "4"}, {"--rate", "200"}, {"--session", "1"}}));
  const server_process server(variants().back(), {"--framing", "line", "--delay", "1ms"});
  words arguments{std::to_string(server.port()), "--framing", "line", "--clients", "4", "--threads", "2", "--size",
      "exp:10KiB", "--duration", "300ms", "--timeout", "60s", "--json", "-"};
  arguments.insert(arguments.end(), pace.begin(), pace.end());
  const auto end = run_interrupted("revecho-stress", arguments);
  CAPTURE(pace, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(nlohmann::json::parse(end.output)["levels"][0]["verified"] > 0);
}

// Its servers handle the signal, but do not get it.
TEST_CASE("compare: does not notice signals that interrupt it all the time") {
  const auto load = GENERATE(
      values<words>({{"--clients", "3", "--delay", "1ms", "--duration", "100ms"}, {"--story", "five-requests"}}));
  words arguments{"--models", "async,sync threads", "--repeat", "1", "--json", "-"};
  if (load.front() == "--story") arguments = {"--repeat", "1", "--json", "-"};
  arguments.insert(arguments.end(), load.begin(), load.end());
  const auto end = run_interrupted("revecho-compare", arguments);
  CAPTURE(load, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(end.errors.empty());
}
