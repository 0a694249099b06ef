// Signals, and surroundings, that should change nothing.
#include "tests/support/catch.hpp"
#include "tests/support/interruptions.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

void ping_pong(peer& client, int number) {
  // Long enough to be sent and received in several pieces.
  const auto message = std::to_string(number) + std::string(static_cast<std::size_t>(number) % 10 * 20'000, 'x');
  const auto expected = length_frame(reversed(message));
  client.send(length_frame(message));
  REQUIRE((client.receive(expected.size()) == expected));
}

} // namespace

TEST_CASE("server: does not notice signals that interrupt each of its threads all the time") {
  const auto v = behind(handling_signals, GENERATE(from_range(variants())));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length", "--delay", "1ms"});
  {
    const repeated interruptions([id = server.id()] { interrupt(id); });
    peer client(server.port());
    for (int i = 0; i < 100 || interruptions.times() < 100; ++i)
      ping_pong(client, i);
  }
  const auto log = server.stop();
  CHECK_THAT(log, !contains("connection ended"));
  CHECK_THAT(totals(log), !contains(";"));
}

TEST_CASE("server: goes on where it was after it has been stopped and continued") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length", "--delay", "1ms"});
  {
    peer client(server.port());
    ping_pong(client, 0);
    const repeated pauses([&server] {
      server.signal(SIGSTOP);
      std::this_thread::sleep_for(1ms);
      server.signal(SIGCONT);
    });
    for (int i = 0; i < 50 || pauses.times() < 50; ++i)
      ping_pong(client, i);
  }
  const auto log = server.stop();
  CHECK_THAT(log, !contains("connection ended"));
  CHECK_THAT(totals(log), !contains(";"));
}

TEST_CASE("server: ends at SIGINT, and when its terminal is closed, as it does at SIGTERM") {
  const auto v = GENERATE(from_range(variants()));
  const int signal = GENERATE(SIGINT, SIGHUP);
  CAPTURE(v.name, signal);
  server_process server(v, {"--framing", "line"});
  CHECK(answers(server.port(), "line"));
  server.signal(signal);
  const auto end = server.wait();
  CHECK(end.exit_code == 0);
  CHECK_THAT(totals(end.errors), StartsWith("served 1 connection, 1 message, "));
}

TEST_CASE("server: serves on when nobody reads its log any more") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const temporary_folder directory;
  const auto port_file = directory.path() + "/port";
  auto arguments = v.options;
  arguments.insert(arguments.end(), {"--listen", "127.0.0.1:0", "--port-file", port_file, "--framing", "length"});
  process server(v.program, arguments, pipe_end::closed, pipe_end::closed);
  std::uint16_t port = 0;
  REQUIRE(eventually([&] { return static_cast<bool>(std::ifstream(port_file) >> port); }));
  for (int i = 0; i < 3; ++i) {
    CHECK(ask(port, "\xff\xff\xff\xff").empty()); // worth a line of the log
    CHECK(answers(port, "length"));
  }
  server.signal(SIGTERM);
  const auto end = server.wait();
  CHECK(end.signal == 0);
  CHECK(end.exit_code == 0);
}

TEST_CASE("server: would leave none of its descriptors to another program") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  peer client(server.port());
  client.send("one\n");
  CHECK(client.receive(4) == "eno\n");
  const auto process_files = "/proc/" + std::to_string(server.id());
  int own = 0;
  for (const auto& entry : std::filesystem::directory_iterator(process_files + "/fdinfo")) {
    const auto name = entry.path().filename().string();
    const auto what = std::filesystem::read_symlink(process_files + "/fd/" + name);
    CAPTURE(name, what.string());
    std::error_code none;
    const bool is_inherited = std::filesystem::read_symlink("/proc/self/fd/" + name, none) == what;
    if (is_inherited || std::stoi(name) <= STDERR_FILENO) continue;
    std::ifstream file(entry.path());
    for (std::string word; file >> word && word != "flags:";) {
    }
    int flags = 0;
    CHECK(file >> std::oct >> flags);
    CHECK((flags & O_CLOEXEC) != 0);
    ++own;
  }
  CHECK(own >= 2); // it listens, and has a client
}

TEST_CASE("server: takes no standard stream that is closed for a connection's or its own") {
  const auto v = GENERATE(from_range(variants()));
  const std::string closed = GENERATE("0", "12", "012");
  CAPTURE(v.name, closed);
  const temporary_folder directory;
  const auto port_file = directory.path() + "/port";
  std::string commands = "exec";
  for (const char stream : closed)
    commands += std::string(" ") + stream + ">&-";
  const auto quiet = behind(commands, v);
  auto arguments = quiet.options;
  arguments.insert(arguments.end(), {"--listen", "127.0.0.1:0", "--port-file", port_file, "--framing", "length"});
  process server(quiet.program, arguments);
  std::uint16_t port = 0;
  REQUIRE(eventually([&] { return static_cast<bool>(std::ifstream(port_file) >> port); }));
  for (const char stream : closed)
    CHECK(std::filesystem::read_symlink("/proc/" + std::to_string(server.id()) + "/fd/" + stream) == "/dev/null");
  CHECK(ask(port, "\xff\xff\xff\xff").empty()); // worth a line of the log
  CHECK(answers(port, "length"));
  server.signal(SIGTERM);
  CHECK(server.wait().exit_code == 0);
}
