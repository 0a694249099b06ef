// State that programs inherit from their parent: signals that are blocked or ignored, standard streams that do not
// block or cannot be used, few descriptors, PID 1.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <chrono>
#include <csignal>
#include <future>
#include <string>
#include <unistd.h>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

using words = std::vector<std::string>;

namespace {

const std::string env = "/usr/bin/env";

words with(words all, const words& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// With its signals as that option of env(1) has them.
variant started_with(const std::string& option, const variant& v) {
  auto result = v;
  result.program = env;
  result.options = with({option, program_directory() + "/" + v.program}, v.options);
  return result;
}

// Starts a program whose standard streams do not block.
const std::string python = "/usr/bin/python3";
words not_blocking(const std::string& program, const words& arguments) {
  const std::string script = "import os, sys\n"
                             "for stream in range(3): os.set_blocking(stream, False)\n"
                             "os.execv(sys.argv[1], sys.argv[1:])";
  return with({"-c", script, program_directory() + "/" + program}, arguments);
}

} // namespace

TEST_CASE("server: has its time-outs, and stops, though its parent has blocked the signals for that", "[direct]") {
  const auto v = started_with("--block-signal=URG,TERM,INT,HUP", GENERATE(from_range(variants())));
  CAPTURE(v.options);
  server_process server(v, {"--idle-timeout", "100ms"});
  CHECK(peer(server.port()).receive_end());
  server.stop();
}

TEST_CASE("server: keeps ignoring a signal that was ignored at its start, as under nohup") {
  const auto [number, name] = GENERATE(table<int, std::string>({{SIGHUP, "HUP"}, {SIGINT, "INT"}}));
  const auto v = started_with("--ignore-signal=" + name, GENERATE(from_range(variants())));
  CAPTURE(v.options);
  server_process server(v, {"--framing", "line"});
  server.signal(number);
  for (int i = 0; i < 10; ++i)
    CHECK(answers(server.port(), "line"));
  CHECK_THAT(server.stop(), contains("stopping: "));
}

TEST_CASE("compare: waits for its servers though its parent has ignored their ends") {
  const auto end = run(env, {"--ignore-signal=CHLD", program_directory() + "/revecho-compare", "--models", "async",
                                "--clients", "2", "--delay", "0", "--duration", "50ms", "--repeat", "1"});
  CAPTURE(end.errors);
  CHECK(end.exit_code == 0);
}

TEST_CASE("client: sends all lines of a stdin that does not block, and prints all to such a stdout") {
  const std::string program = GENERATE("revecho-sync-client", "revecho-async-client");
  const server_process server(variants().front(), {"--framing", "line"});
  process client(python, not_blocking(program, {"--framing", "line", "--to", std::to_string(server.port())}));
  std::string expected;
  for (const char letter : {'a', 'b', 'c'}) {
    const auto line = std::string(200'000, letter) + "!"; // more than a pipe takes at once
    ::usleep(20'000);                                     // the client finds nothing at first
    client.write_input(line + '\n');
    expected += "!" + std::string(200'000, letter) + '\n';
  }
  client.close_input();
  const auto end = client.wait();
  CAPTURE(program, end.errors);
  CHECK(end.exit_code == 0);
  CHECK((end.output == expected));
}

TEST_CASE("client: says that it cannot read its stdin, and what to do, and sends nothing") {
  const std::string program = GENERATE("revecho-sync-client", "revecho-async-client");
  const auto [how, reason] = GENERATE(table<std::string, std::string>(
      {{"<&-", "Bad file descriptor"}, {"0>/dev/null", "Bad file descriptor"}, {"</", "Is a directory"}}));
  const auto end = run_in_shell("exec " + how, program, {"--to", "1"});
  CAPTURE(program, how);
  CHECK(end.exit_code == 2);
  CHECK_THAT(end.errors, StartsWith(program + ": cannot read stdin: " + reason + "; give the messages as arguments\n"));
}

TEST_CASE("client: has as many exchanges under way as the hard limit of descriptors allows") {
  if (sanitized) SKIP_TEST("a sanitizer needs descriptors of its own");
  const std::string program = GENERATE("revecho-sync-client", "revecho-async-client");
  const server_process server(variants().back(), {"--framing", "line", "--delay", "1ms"});
  const auto end = run_in_shell("ulimit -Sn 24", program,
      with({"--framing", "line", "--to", std::to_string(server.port()), "--"}, words(100, "x")));
  CAPTURE(program, end.errors);
  CHECK(end.exit_code == 0);
}

TEST_CASE("programs: end at a signal as PID 1, too", "[direct]") {
  if (::geteuid() != 0) SKIP_TEST("only root has a PID 1 to give away");
  const int number = GENERATE(SIGTERM, SIGINT);
  const auto [program, options] =
      GENERATE(table<std::string, words>({{"revecho-sync-client", {"x", "--timeout", "0", "--to"}},
          {"revecho-async-client", {"x", "--timeout", "0", "--to"}},
          {"revecho-stress", {"--timeout", "1h", "--duration", "1h", "--clients", "1"}}}));
  std::promise<void> asked;
  const scripted_server server([&](peer& client) {
    client.receive(1);
    asked.set_value();
    client.receive_all();
  });
  process outside("/usr/bin/unshare", with({"--pid", "--fork", "--kill-child", program_directory() + "/" + program},
                                          with(options, {server.address()})));
  const auto ready = asked.get_future();
  REQUIRE(eventually(
      [&] { return ready.wait_for(0s) == std::future_status::ready || outside.errors().starts_with("unshare: "); }));
  if (outside.errors().starts_with("unshare: ")) SKIP_TEST("no namespace of processes: " + outside.errors());
  for (const pid_t id : processes_with(server.address()))
    if (id != outside.id()) ::kill(id, number);
  const auto end = outside.wait();
  CAPTURE(program, end.errors);
  CHECK(end.signal == 0);
  CHECK(end.exit_code != 0);
}
