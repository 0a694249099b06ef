// Statistics: lines of --stats as often as asked for and no more often, and how long connections waited. Direct: there
// is hardly a byte to cut.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <thread>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

std::size_t reports_in(std::string_view log) {
  std::size_t count = 0;
  for (auto at = log.find(" msg/s; "); at != log.npos; at = log.find(" msg/s; ", at + 1))
    ++count;
  return count;
}

void wait_for_reports(const server_process& server, std::size_t more) {
  const auto enough = reports_in(server.log()) + more;
  CHECK(eventually([&] { return reports_in(server.log()) >= enough; }));
}

// Stops the server for a time in which several reports are due.
void hold(server_process& server) {
  server.pause();
  std::this_thread::sleep_for(2s);
}

std::chrono::milliseconds longest_accept_wait(const std::string& log) {
  const std::string name = "\"accept_wait_max_ms\":";
  const auto at = log.rfind(name);
  return std::chrono::milliseconds{at == log.npos ? -1 : std::stol(log.substr(at + name.size()))};
}

} // namespace

TEST_CASE("server: knows how long a connection waited to be accepted", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--log-format", "json"});
  server.pause();
  const auto before = std::chrono::steady_clock::now();
  peer client(server.port());
  const auto connected = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(300ms); // that much is to be told
  const auto least = std::chrono::steady_clock::now() - connected;
  server.signal(SIGCONT);
  client.send("message");
  CHECK(client.receive(7) == "egassem");
  const auto most = std::chrono::steady_clock::now() - before;
  client.close();
  const auto told = longest_accept_wait(server.stop());
  constexpr auto tick = 10ms; // of the kernel's clock, at most
  CHECK(told >= least - tick);
  CHECK(told <= most + tick);
}

TEST_CASE("server: does not make up for reports that it missed", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--stats", "200ms"});
  wait_for_reports(server, 1);
  hold(server);
  const auto start = std::chrono::steady_clock::now();
  server.signal(SIGCONT);
  wait_for_reports(server, 5); // the first of them at once, the second when its time has come
  CHECK(std::chrono::steady_clock::now() - start > 400ms);
  server.stop();
}

TEST_CASE("server: reports a rate over the time that has passed, not over the one that should have", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--stats", "500ms"});
  peer client(server.port());
  // One message between a report and a pause; again, should another report have come between these.
  std::size_t before = 0;
  do {
    wait_for_reports(server, 1);
    before = reports_in(server.log());
    client.send("line\n");
    CHECK(client.receive(5) == "enil\n");
    hold(server);
    if (reports_in(server.log()) == before) break;
    server.signal(SIGCONT);
  } while (true);
  const auto size = server.log().size();
  server.signal(SIGCONT);
  wait_for_reports(server, 1);
  const std::string start = "1 open, ";
  const auto report = server.log().substr(size);
  CHECK_THAT(report, StartsWith(start));
  CHECK(std::stod(report.substr(start.size())) < 1);
  client.close();
  server.stop();
}

TEST_CASE("server: reports how many connections the busiest of its threads has accepted", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  constexpr int connections = 12;
  server_process server(v, {"--log-format", "json"});
  for (int i = 0; i < connections; ++i) {
    peer client(server.port());
    client.send("message");
    CHECK(client.receive(7) == "egassem");
  }
  const auto log = server.stop();
  CAPTURE(log);
  const std::string name = "\"accepted_by_busiest_thread\":";
  const auto at = log.rfind(name);
  REQUIRE(at != log.npos);
  const int busiest = std::stoi(log.substr(at + name.size()));
  CHECK(busiest <= connections);
  CHECK(busiest * 16 >= connections); // no variant has more threads that accept
  const bool one_accepts =
      v.program == "revecho-sync-server" ? v.name.find("pool") == v.name.npos : v.name.find("2") == v.name.npos;
  if (one_accepts) CHECK(busiest == connections);
}
