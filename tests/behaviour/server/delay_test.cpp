// --delay: what blocking costs shows in the order of events, not in times.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

// How often a thread has gone to sleep.
int switches(pid_t process, pid_t thread) {
  std::ifstream file("/proc/" + std::to_string(process) + "/task/" + std::to_string(thread) + "/status");
  for (std::string word; file >> word;)
    if (int count = 0; word == "voluntary_ctxt_switches:" && file >> count) return count;
  return 0;
}

} // namespace

TEST_CASE("server: delays the replies to all clients at the same time") {
  const auto v = GENERATE(from_range(variants_serving(200)));
  CAPTURE(v.name);
  const auto start = std::chrono::steady_clock::now();
  server_process server(v, {"--framing", "line", "--delay", "500ms"});
  std::vector<peer> clients;
  for (int i = 0; i < 200; ++i) {
    clients.emplace_back(server.port());
    clients.back().send("client " + std::to_string(i) + "\n");
  }
  for (int i = 0; i < 200; ++i) {
    const auto expected = reversed("client " + std::to_string(i)) + "\n";
    CHECK(clients[static_cast<std::size_t>(i)].receive(expected.size()) == expected);
  }
  // One after the other, they would take 100 seconds, whatever the machine.
  CHECK(std::chrono::steady_clock::now() - start < 100s);
  clients.clear();
  server.stop();
}

TEST_CASE("server: sends each reply when its own delay is over, not when those before it are sent") {
  const auto v = GENERATE(from_range(variants_serving(200)));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--delay", "uniform:0s..50s"});
  std::vector<peer> clients;
  while (clients.size() < 200) {
    clients.emplace_back(server.port());
    clients.back().send("line\n");
  }
  std::vector<std::size_t> answered;
  CHECK(eventually([&] {
    for (std::size_t i = 0; i < clients.size() && answered.size() < 4; ++i) {
      if (clients[i].is_silent_for(0ms)) continue;
      CHECK(clients[i].receive(5) == "enil\n");
      answered.push_back(i);
    }
    return answered.size() == 4;
  }));
  // A server that waits out one delay after the other starts with the first; chance does so once in a
  // thousand million.
  CHECK(answered != std::vector<std::size_t>{0, 1, 2, 3});
  server.signal(SIGKILL);
}

TEST_CASE("server: does not wake a thread that waits for its reply's delay when others come and go") {
  const auto v =
      GENERATE(filter([](const variant& each) { return each.name == "sync threads"; }, from_range(variants())));
  server_process server(v, {"--framing", "line", "--delay", "1h"});
  const auto others = server.threads();
  peer client(server.port());
  client.send("line\n");
  const auto sleeper = [&] {
    for (const auto thread : server.threads())
      if (std::find(others.begin(), others.end(), thread) == others.end()) return thread;
    return pid_t{};
  };
  CHECK(eventually([&] { return sleeper() != 0 && switches(server.id(), sleeper()) > 0; }));
  const auto thread = sleeper();
  const auto before = switches(server.id(), thread);
  for (int i = 0; i < 300; ++i)
    CHECK(ask(server.port(), "").empty());
  CHECK(switches(server.id(), thread) < before + 100);
  server.signal(SIGKILL);
}

TEST_CASE("server: keeps the order of one client's replies when they are delayed") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--delay", "uniform:0s..20ms"});
  std::string sent;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    sent += std::to_string(100 + i) + "\n";
    expected += reversed(std::to_string(100 + i)) + "\n";
  }
  CHECK(ask(server.port(), sent) == expected);
  server.stop();
}

TEST_CASE("server: takes as many clients at a time as its model has places, the others wait in the backlog") {
  const auto v = GENERATE(filter([](const variant& each) { return each.at_once <= 4; }, from_range(variants())));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--delay", "20ms"});
  std::vector<peer> clients;
  for (std::size_t i = 0; i < v.at_once + 2; ++i) {
    clients.emplace_back(server.port());
    clients.back().send("client " + std::to_string(i) + "\n");
  }
  for (std::size_t i = 0; i < v.at_once; ++i)
    CHECK(clients[i].receive(9) == std::to_string(i) + " tneilc\n");
  // However long one waits: those that are served have not left yet.
  for (std::size_t i = v.at_once; i < clients.size(); ++i) {
    CHECK(clients[i].is_silent_for(100ms));
    clients[i - v.at_once].close();
    CHECK(clients[i].receive(9) == std::to_string(i) + " tneilc\n");
  }
  clients.clear();
  server.stop();
}
