// Programs whose stderr or stdout is a pipe that nobody reads, and that is full: they do their work, and end at a
// signal.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <csignal>
#include <fstream>
#include <future>
#include <string>
#include <vector>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

// Starts a program with such a stream.
const std::string python = "/usr/bin/python3";
words with_full(int stream, const std::string& program, const words& arguments) {
  const std::string script = "import os, sys\n"
                             "reader, writer = os.pipe()\n"
                             "os.set_inheritable(reader, True)\n"
                             "os.set_blocking(writer, False)\n"
                             "try:\n"
                             "    while True: os.write(writer, bytes(4096))\n"
                             "except BlockingIOError:\n"
                             "    os.set_blocking(writer, True)\n"
                             "os.dup2(writer, int(sys.argv[1]))\n"
                             "os.execv(sys.argv[2], sys.argv[2:])";
  words all{"-c", script, std::to_string(stream), program_directory() + "/" + program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

} // namespace

TEST_CASE("server: serves, and stops, while nobody reads its log") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const temporary_folder folder;
  auto arguments = v.options;
  arguments.insert(arguments.end(), {"--listen", "127.0.0.1:0", "--port-file", folder / "port", "--framing", "length"});
  process server(python, with_full(2, v.program, arguments));
  std::uint16_t port = 0;
  REQUIRE(eventually([&] { return static_cast<bool>(std::ifstream(folder / "port") >> port); }));
  for (int i = 0; i < 3; ++i) {
    CHECK(ask(port, "\xff\xff\xff\xff").empty()); // worth a line of the log
    CHECK(answers(port, "length"));
  }
  server.signal(SIGTERM);
  CHECK(server.wait().exit_code == 0);
}

TEST_CASE("stress: does its work while nobody reads what it remarks", "[direct]") {
  const scripted_server server([](peer& client) { client.receive_all(); });
  process tool(python,
      with_full(2, "revecho-stress", {server.address(), "--clients", "1", "--messages", "1", "--timeout", "100ms"}));
  const auto end = tool.wait();
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.output, contains("late"));
}

TEST_CASE("stress: ends at a signal while nobody reads its results", "[direct]") {
  std::promise<void> done;
  const scripted_server server([&](peer& client) {
    client.receive_all();
    done.set_value();
  });
  process tool(python,
      with_full(1, "revecho-stress", {server.address(), "--clients", "1", "--messages", "1", "--timeout", "100ms"}));
  REQUIRE(done.get_future().wait_for(patience()) == std::future_status::ready);
  tool.signal(SIGINT);
  const auto end = tool.wait();
  CHECK(end.signal == 0);
  CHECK(end.exit_code != 0);
}
