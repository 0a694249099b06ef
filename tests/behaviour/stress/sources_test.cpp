// revecho-stress from ports and addresses of its own choice. Direct: the subject is where connections come from.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <regex>
#include <string>
#include <unistd.h>
#include <vector>

using namespace revecho::test;

namespace {

using words = std::vector<std::string>;

// Below those that the system gives away, and different from those of other tests that run now.
std::uint16_t first_port() { return static_cast<std::uint16_t>(12'000 + ::getpid() % 1000 * 20); }

std::string ports(int number) { return std::to_string(first_port()) + "-" + std::to_string(first_port() + number - 1); }

// Names its clients: each message is too long for it.
struct naming_server {
  server_process server;

  explicit naming_server(const std::string& listen = "127.0.0.1:0")
      : server(variants().back(), {"--framing", "line", "--max-message", "1"}, {listen}) {}

  words clients_of(const std::string& host, words options) {
    options.insert(options.begin(), {host + std::to_string(server.port()), "--framing", "line", "--fail-if", "none"});
    CHECK(run("revecho-stress", options).errors.find("cannot connect") == std::string::npos);
    const auto log = server.stop();
    const std::regex name("warning: (\\S+): connection ended");
    words all;
    for (std::sregex_iterator at(log.begin(), log.end(), name); at != std::sregex_iterator(); ++at)
      all.push_back((*at)[1]);
    std::sort(all.begin(), all.end());
    return all;
  }
};

std::string at(const std::string& host, int number) { return host + ":" + std::to_string(first_port() + number); }

outcome stress(const server_process& server, words options) {
  options.insert(options.begin(), {std::to_string(server.port()), "--framing", "line"});
  return run("revecho-stress", options);
}

} // namespace

TEST_CASE("stress: connects from each of --source-ports in turn", "[direct]") {
  naming_server server;
  CHECK(server.clients_of("", {"--clients", "3", "--messages", "1", "--source-ports", ports(5)}) ==
        words{at("127.0.0.1", 0), at("127.0.0.1", 1), at("127.0.0.1", 2)});
}

TEST_CASE("stress: connects from --source-ports of each --source, in several threads", "[direct]") {
  naming_server server;
  CHECK(server.clients_of("", {"--clients", "4", "--threads", "2", "--messages", "1", "--source-ports", ports(2),
                                  "--source", "127.0.0.2-127.0.0.3"}) ==
        words{at("127.0.0.2", 0), at("127.0.0.2", 1), at("127.0.0.3", 0), at("127.0.0.3", 1)});
}

TEST_CASE("stress: connects from --source-ports over IPv6, and to a name of both families", "[direct]") {
  const bool is_name = GENERATE(true, false);
  std::optional<naming_server> server;
  try {
    server.emplace("[::1]:0");
  } catch (const std::exception& error) {
    SKIP_TEST(std::string("no IPv6 here: ") + error.what());
  }
  if (is_name) server.emplace("127.0.0.1:0");
  const std::string host = is_name ? "127.0.0.1" : "[::1]";
  CHECK(server->clients_of(is_name ? "localhost:" : "[::1]:",
            {"--clients", "2", "--messages", "1", "--source-ports", ports(4)}) == words{at(host, 0), at(host, 1)});
}

TEST_CASE("stress: skips those of --source-ports that are in use", "[direct]") {
  const listening_socket first(1, "127.0.0.1", first_port());
  const listening_socket third(1, "127.0.0.1", static_cast<std::uint16_t>(first_port() + 2));
  naming_server server;
  CHECK(server.clients_of("", {"--clients", "2", "--messages", "1", "--source-ports", ports(4)}) ==
        words{at("127.0.0.1", 1), at("127.0.0.1", 3)});
}

TEST_CASE("stress: says so when all of --source-ports are in use", "[direct]") {
  const listening_socket first(1, "127.0.0.1", first_port());
  const listening_socket second(1, "127.0.0.1", static_cast<std::uint16_t>(first_port() + 1));
  server_process server(variants().back(), {"--framing", "line"});
  const auto end = stress(server, {"--clients", "1", "--messages", "1", "--source-ports", ports(2)});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains(": all of --source-ports are in use, ") && contains("widen the range"));
  server.stop();
}

TEST_CASE("stress: names --source-ports if they are fewer than the clients, before it connects anybody", "[direct]") {
  const listening_socket server;
  const auto end = run("revecho-stress",
      {std::to_string(server.port()), "--clients", "3", "--messages", "1", "--source-ports", ports(2)});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("3 clients need as many ports, and 1 address of this machine has 2: connect from "
                                  "more addresses with --source, or widen --source-ports\n"));
}

TEST_CASE("stress: has a port of --source-ports again at once after --close reset, or takes the next", "[direct]") {
  const auto [number, how] = GENERATE(table<int, std::string>({{1, "reset"}, {20, "fin"}}));
  CAPTURE(number, how);
  server_process server(variants().back(), {"--framing", "line"});
  const auto end = stress(server,
      {"--clients", "1", "--messages", "12", "--session", "1", "--close", how, "--source-ports", ports(number)});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  server.stop();
}

TEST_CASE("stress: connects from a range of IPv6 addresses", "[direct]") {
  const temporary_folder folder;
  const std::string script = R"(
    give_up() { echo "skipped: $*" >&2; exit 77; }
    ip link set lo up || give_up "ip failed"
    for i in fe ff 100 101; do ip -6 addr add "fd00::$i/128" dev lo nodad || give_up "no IPv6"; done
    mkfifo "$0/port" # reading it waits until the server listens
    "$1/revecho-epoll-server" --listen '[fd00::fe]:7000' --framing line --max-message 1 --port-file "$0/port" >&2 &
    read -r port < "$0/port"
    "$1/revecho-stress" '[fd00::fe]:7000' --framing line --clients 4 --messages 1 --fail-if none --quiet \
      --source fd00::fe-fd00::101 --source-ports 20000
    kill $!
    wait)";
  const auto end =
      run("/usr/bin/unshare", {"--net", "--", "/bin/sh", "-c", script, folder.path(), program_directory()});
  if (end.exit_code == 77 || end.errors.starts_with("unshare: ")) SKIP_TEST(end.errors);
  for (const std::string host : {"fd00::fe", "fd00::ff", "fd00::100", "fd00::101"})
    CHECK_THAT(end.errors, contains("warning: [" + host + "]:20000: connection ended"));
}
