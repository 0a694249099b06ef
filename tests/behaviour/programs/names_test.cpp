// Names: how long they take to resolve, several addresses of one, and addresses that change. Direct: a proxy has an
// address of its own.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/names.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

const words clients{"revecho-sync-client", "revecho-async-client"};
constexpr auto never_in_a_test = "3600000"; // milliseconds of a look-up
constexpr auto long_before_that = 60s;

class stopwatch {
 public:
  std::chrono::nanoseconds time() const { return std::chrono::steady_clock::now() - start_; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::string with_port(const std::string& host, std::uint16_t port) { return host + ":" + std::to_string(port); }

outcome run_with(const names& known, const std::string& program, const words& arguments) {
  return run_in_shell(known.loading(), program, arguments);
}

outcome ask(const names& known, const std::string& client, const std::string& to, const std::string& timeout) {
  return run_with(known, client, {"--framing", "line", "--to", to, "--timeout", timeout, "hello"});
}

server_process server_on(const std::string& host, std::uint16_t port = 0) {
  return server_process(variants().back(), {"--framing", "line"}, {with_port(host, port)});
}

// Takes no connection, and does not refuse any.
class silent_address {
 public:
  silent_address(const std::string& host, std::uint16_t port) : full_(0, host, port), only_(host, full_.port()) {}
  std::uint16_t port() const noexcept { return full_.port(); }

 private:
  listening_socket full_;
  peer only_;
};

void check_ended_by(process& program, int signal, int exit_code) {
  const stopwatch watch;
  program.signal(signal);
  const auto end = program.wait();
  CAPTURE(end.errors);
  CHECK(end.exit_code == exit_code);
  CHECK(end.signal == (exit_code < 0 ? signal : 0));
  CHECK(watch.time() < long_before_that);
}

} // namespace

TEST_CASE("client: reaches the address that answers when the first one is silent or refuses", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  const std::string refusing = GENERATE("", "127.0.0.4 "); // before the silent one
  CAPTURE(client, refusing);
  const auto server = server_on("127.0.0.2");
  const silent_address silent("127.0.0.3", server.port());
  const names known;
  known.set("a.test 0 " + refusing + "127.0.0.3 127.0.0.2\n");
  const stopwatch watch;
  const auto end = ask(known, client, with_port("a.test", server.port()), "1h");
  CHECK(end.exit_code == 0);
  CHECK(end.output == "olleh\n");
  CHECK(watch.time() < long_before_that);
}

TEST_CASE("client: says why it could not connect when no address answers", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  const silent_address silent("127.0.0.3", 0);
  const names known;
  known.set("refusing.test 0 127.0.0.4 127.0.0.5\nsilent.test 0 127.0.0.3 127.0.0.4\nnone.test 0\n");
  CHECK_THAT(ask(known, client, with_port("refusing.test", silent.port()), "1h").errors,
      contains("cannot connect: Connection refused"));
  CHECK_THAT(ask(known, client, with_port("silent.test", silent.port()), "600ms").errors,
      contains("cannot connect: Connection timed out"));
  CHECK_THAT(ask(known, client, "none.test:7", "1h").errors, contains("cannot connect: Host not found"));
}

TEST_CASE("client: does not wait longer than --timeout for a name", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  const auto server = server_on("127.0.0.2");
  const names known;
  known.set("slow.test " + std::string(never_in_a_test) + " 127.0.0.2\n");
  const stopwatch watch;
  const auto end = run_with(known, client,
      {"--framing", "line", "--timeout", "300ms", "--to", with_port("slow.test", server.port()), "--to",
          with_port("127.0.0.2", server.port()), "hello"});
  CHECK(end.exit_code == 1);
  CHECK(end.output == "olleh\n"); // of the other
  CHECK_THAT(end.errors, contains("cannot connect: The name servers did not answer in time"));
  CHECK(watch.time() < long_before_that);
}

TEST_CASE("client, stress, compare, server: a signal ends them while a name is resolved", "[direct]") {
  struct program {
    std::string name;
    words arguments;
    int exit_code; // -1: by the signal
  };
  const auto each = GENERATE(values<program>({{"revecho-sync-client", {"--to", "slow.test:7", "hello"}, -1},
      {"revecho-async-client", {"--to", "slow.test:7", "hello"}, -1},
      {"revecho-stress", {"slow.test:7", "--timeout", "1h"}, 130},
      {"revecho-compare", {"--against", "slow=slow.test:7", "--clients", "1"}, 130},
      {"revecho-sync-server", {"--listen", "slow.test:0"}, -1},
      {"revecho-async-server", {"--listen", "slow.test:0"}, -1},
      {"revecho-epoll-server", {"--listen", "slow.test:0"}, -1}}));
  const int signal = GENERATE(SIGINT, SIGTERM);
  CAPTURE(each.name, signal);
  const names known;
  known.set("slow.test " + std::string(never_in_a_test) + "\n");
  process running(shell, shell_arguments(known.loading(), each.name, each.arguments));
  REQUIRE(eventually([&] { return known.asked() > 0; }));
  check_ended_by(running, signal, each.exit_code);
}

TEST_CASE("stress: resolves a name once, and not in the time of connecting", "[direct]") {
  const auto server = server_on("127.0.0.2");
  const names known;
  known.set("slow.test 3000 127.0.0.2\n");
  const auto end = run_with(known, "revecho-stress",
      {with_port("slow.test", server.port()), "--framing", "line", "--clients", "20,30", "--threads", "2", "--messages",
          "1", "--session", "1", "--json", "-"});
  CAPTURE(end.errors);
  REQUIRE(end.exit_code == 0);
  const auto document = nlohmann::json::parse(end.output);
  CHECK(document["levels"][1]["verified"] == 30);
  CHECK(known.asked() == 1);
  for (const auto& level : document["levels"])
    CHECK(level["latency_us"]["connect"]["max"] < 3e6);
  const auto& resolution = document["name_resolution"];
  CHECK(resolution["lookups"] == 1);
  CHECK(resolution["failed"] == 0);
  CHECK(resolution["longest_us"] >= 3e6);
  CHECK(resolution["addresses"] == nlohmann::json{"127.0.0.2"});
}

TEST_CASE("stress: says so when a name is not resolved within --timeout", "[direct]") {
  const names known;
  known.set("slow.test " + std::string(never_in_a_test) + "\n");
  const stopwatch watch;
  const auto end = run_with(known, "revecho-stress", {"slow.test:7", "--timeout", "200ms"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot connect to slow.test:7: The name servers did not answer in time"));
  CHECK(watch.time() < long_before_that);
}

TEST_CASE("stress: reaches the address that answers when the first one is silent", "[direct]") {
  const auto server = server_on("127.0.0.2");
  const silent_address silent("127.0.0.3", server.port());
  const names known;
  known.set("a.test 0 127.0.0.3 127.0.0.2\n");
  const auto end = run_with(known, "revecho-stress",
      {with_port("a.test", server.port()), "--framing", "line", "--clients", "3", "--messages", "1", "--timeout", "1h",
          "--json", "-"});
  CAPTURE(end.errors);
  REQUIRE(end.exit_code == 0);
  const auto document = nlohmann::json::parse(end.output);
  CHECK(document["levels"][0]["verified"] == 3);
  CHECK(document["levels"][0]["connect_failed"] == 0);
  CHECK(document["levels"][0]["latency_us"]["connect"]["mean"] >= 250e3); // honest: it did take so long
}

TEST_CASE("stress: finds the new address of a name when its connections have failed", "[direct]") {
  auto before = server_on("127.0.0.2");
  const auto port = before.port();
  auto after = server_on("127.0.0.3", port);
  const names known;
  known.set("moving.test 0 127.0.0.2\n");
  process stress(shell, shell_arguments(known.loading(), "revecho-stress",
                            {with_port("moving.test", port), "--framing", "line", "--clients", "3", "--reconnect",
                                "--duration", "1h", "--json", "-"}));
  REQUIRE(eventually([&] { return before.descriptors() > after.descriptors(); }));
  const auto nobody = after.descriptors();
  known.set("moving.test 0 127.0.0.3\n");
  before.signal(SIGKILL);
  CHECK(eventually([&] { return after.descriptors() == nobody + 3; }));
  stress.signal(SIGINT);
  const auto document = nlohmann::json::parse(stress.wait().output);
  CHECK(document["name_resolution"]["lookups"] > 1);
  CHECK(document["name_resolution"]["addresses"] == nlohmann::json{"127.0.0.3"});
}

TEST_CASE("server: listens on all addresses of a name, on one port", "[direct]") {
  const names known;
  known.set("both.test 0 127.0.0.2 127.0.0.3\n");
  const auto v = GENERATE_COPY(from_range(variants()));
  CAPTURE(v.name);
  server_process server(behind(known.loading(), v), {"--framing", "line"}, {"both.test:0", "127.0.0.1:0"});
  REQUIRE(server.ports().size() == 2);
  for (const std::string host : {"127.0.0.2", "127.0.0.3"}) {
    peer client(host, server.port());
    client.send("hello\n");
    CHECK(client.receive(6) == "olleh\n");
  }
  const auto log = server.stop();
  CHECK_THAT(log, contains("listening on " + with_port("127.0.0.2", server.port()) + "\n") &&
                      contains("listening on " + with_port("127.0.0.3", server.port()) + "\n"));
}

TEST_CASE("server: says which address of a name is taken", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const listening_socket taken(1, "127.0.0.3");
  const names known;
  known.set("both.test 0 127.0.0.2 127.0.0.3\n");
  words arguments = v.options;
  arguments.insert(arguments.end(), {"--listen", with_port("both.test", taken.port())});
  const auto end = run_with(known, v.program, arguments);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot listen on " + with_port("both.test", taken.port()) + " (" +
                                  with_port("127.0.0.3", taken.port()) + "): Address already in use"));
}
