// revecho-stress where ports run out, and a server whose backlog does.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <string>
#include <vector>

using namespace revecho::test;

namespace {

const std::string no_namespace = "no network of its own: ";

// A network that has nothing but a server on port 7000, as `setup` changes it: a script that may call give_up REASON.
outcome run_in_network(const std::string& setup, const std::string& framing, const std::string& program,
    const std::vector<std::string>& options) {
  const temporary_folder directory;
  const std::string script = R"(
    give_up() { echo ")" + no_namespace +
                             R"($*" >&2; exit 77; }
    ip link set lo up || give_up "ip failed"
    )" + setup + R"(
    mkfifo "$0/port" # reading it waits until the server listens
    ")" + program_directory() +
                             R"(/revecho-async-server" --listen 127.0.0.1:7000 --framing )" + framing +
                             R"( --log-level error \
      --port-file "$0/port" &
    read -r port < "$0/port"
    "$@"
    code=$?
    kill $!
    wait
    exit $code)";
  std::vector<std::string> all{
      "--net", "--", "/bin/sh", "-c", script, directory.path(), program_directory() + "/" + program};
  all.insert(all.end(), options.begin(), options.end());
  auto end = run("/usr/bin/unshare", all);
  if (end.exit_code != 77 && end.errors.starts_with("unshare: ")) {
    end.exit_code = 77;
    end.errors = no_namespace + end.errors;
  }
  return end;
}

// Ten ports to come from.
outcome run_with_ten_ports(const std::string& program, const std::vector<std::string>& options) {
  return run_in_network(R"(
    echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range || give_up "its range of ports cannot be set"
    echo 0 > /proc/sys/net/ipv4/tcp_tw_reuse || give_up "its TIME_WAIT cannot be set")",
      "line", program, options);
}

outcome stress_with_ten_ports(const std::vector<std::string>& options) {
  std::vector<std::string> all{"7000", "--framing", "line"};
  all.insert(all.end(), options.begin(), options.end());
  return run_with_ten_ports("revecho-stress", all);
}

} // namespace

TEST_CASE("stress: names the limit of ports, and what to do, before it connects anybody") {
  const auto end = stress_with_ten_ports({"--clients", "20", "--messages", "1"});
  CAPTURE(end.output, end.errors);
  if (end.exit_code == 77) SKIP_TEST(end.errors);
  CHECK(end.exit_code == 1);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, contains("20 clients need as many ports, and 1 address of this machine has 10: connect from "
                                  "more addresses with --source, or widen net.ipv4.ip_local_port_range\n"));
}

TEST_CASE("compare: names the limit of ports, and what to do, before it connects anybody") {
  const auto end = run_with_ten_ports(
      "revecho-compare", {"--against", "it=7000", "--framing", "line", "--clients", "20", "--duration", "50ms"});
  CAPTURE(end.output, end.errors);
  if (end.exit_code == 77) SKIP_TEST(end.errors);
  CHECK(end.exit_code == 1);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, contains("20 clients need as many ports, and 1 address of this machine has 10: "));
}

TEST_CASE("stress: names the limit of ports when TIME_WAIT has taken them all") {
  const auto end = stress_with_ten_ports({"--clients", "5", "--messages", "20", "--session", "1"});
  CAPTURE(end.output, end.errors);
  if (end.exit_code == 77) SKIP_TEST(end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains(": no free port towards it; use more addresses with --source\n"));
}

TEST_CASE("stress: reads while it sends: buffers smaller than a message do not lock both sides") {
  const auto end = run_in_network(R"(
    for buffers in tcp_rmem tcp_wmem; do
      echo 4096 4096 4096 > /proc/sys/net/ipv4/$buffers || give_up "its buffers cannot be set"
    done)",
      "raw", "revecho-stress", {"7000", "--size", "64KiB", "--clients", "2", "--messages", "2"});
  CAPTURE(end.output, end.errors);
  if (end.exit_code == 77) SKIP_TEST(end.errors);
  CHECK(end.exit_code == 0);
}

TEST_CASE("stress: is not short of ports when it resets its connections, or has more addresses") {
  const auto options = GENERATE(values<std::vector<std::string>>({
      {"--clients", "5", "--messages", "20", "--session", "1", "--close", "reset"},
      {"--clients", "40", "--messages", "2", "--source", "127.0.0.2-127.0.0.9"},
  }));
  const auto end = stress_with_ten_ports(options);
  CAPTURE(options, end.output, end.errors);
  if (end.exit_code == 77) SKIP_TEST(end.errors);
  CHECK(end.exit_code == 0);
}

// A connection to a port from which it is made itself stands (simultaneous open), and echoes what is sent.
TEST_CASE("client, stress: take no connection to themselves for a server", "[direct]") {
  const auto [program, options] = GENERATE(table<std::string, std::vector<std::string>>(
      {{"revecho-sync-client", {"--to", "40000", "hello"}}, {"revecho-async-client", {"--to", "40000", "hello"}},
          {"revecho-stress", {"40000", "--clients", "1", "--messages", "1"}}}));
  const auto end = run_in_network(R"(
    echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range || give_up "its range of ports cannot be set")",
      "line", program, options);
  CAPTURE(program, end.output, end.errors);
  if (end.exit_code == 77) SKIP_TEST(end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("refused"));
}

TEST_CASE("stress: does not blame a lack of ports when --source names an address of another machine", "[direct]") {
  const listening_socket server;
  const auto end = run("revecho-stress",
      {std::to_string(server.port()), "--clients", "2", "--messages", "1", "--source", "203.0.113.7"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot connect from 203.0.113.7: no interface of this machine has that address"));
}

TEST_CASE("stress: says so when --source is of the other family", "[direct]") {
  const listening_socket server;
  const auto end = run("revecho-stress",
      {"127.0.0.1:" + std::to_string(server.port()), "--clients", "1", "--messages", "1", "--source", "::1"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("--source has an address of the other family (IPv4, IPv6)"));
}

TEST_CASE("stress: counts what a full backlog costs as time for connecting, and loses nothing", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--backlog", "1"});
  server.pause();
  // With a ramp, those who are connected do not wait for the others: an iterative server would never serve these.
  process tool("revecho-stress", {std::to_string(server.port()), "--framing", "line", "--clients", "6", "--messages",
                                     "1", "--ramp", "1ms", "--timeout", "60s", "--json", "-"});
  CHECK(eventually([&] { return sockets_of(tool.id()) >= 6; }));
  server.signal(SIGCONT);
  const auto end = tool.wait();
  CAPTURE(end.output, end.errors);
  REQUIRE(end.exit_code == 0);
  const auto level = nlohmann::json::parse(end.output)["levels"][0];
  CHECK(level["verified"] == 6);
  CHECK(level["connect_failed"] == 0);
  // A client that found it full tries again, after a second at the earliest.
  CHECK(level["latency_us"]["connect"]["max"] > 500'000);
  server.stop();
}

TEST_CASE("stress: does not wait for ever to be connected", "[direct]") {
  const listening_socket full(0);
  const peer only(full.port());
  const auto end = run("revecho-stress",
      {std::to_string(full.port()), "--clients", "3", "--messages", "1", "--timeout", "300ms", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot connect to ") && contains(": Connection timed out\n"));
  CHECK(nlohmann::json::parse(end.output)["levels"][0]["connect_failed"] == 3);
}

TEST_CASE("stress: is ended by no signal when nobody reads what it finds") {
  const server_process server(variants().back(), {"--framing", "line"});
  for (const std::string json : {"", "--json"}) {
    std::vector<std::string> options{
        std::to_string(server.port()), "--framing", "line", "--clients", "1,2,3", "--messages", "1"};
    if (!json.empty()) options.insert(options.end(), {json, "-"});
    process tool("revecho-stress", options, pipe_end::closed);
    const auto end = tool.wait();
    CAPTURE(json, end.errors);
    CHECK(end.signal == 0);
    CHECK(end.exit_code == 1);
  }
}
