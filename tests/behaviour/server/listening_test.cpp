// Where the servers listen, and what they say when they cannot. Direct: a proxy has an address of its own.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

using namespace revecho::test;

namespace {

std::string on_port(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

// Runs a server that should not come to listen.
outcome run_server(const variant& v, std::vector<std::string> options) {
  options.insert(options.begin(), v.options.begin(), v.options.end());
  return run(v.program, options);
}

} // namespace

TEST_CASE("server: has all its threads before it says that it listens", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const server_process server(v, {"--framing", "line"});
  const auto threads = server.threads();
  for (int i = 0; i < 10; ++i)
    CHECK(answers(server.port(), "line"));
  CHECK(eventually([&] { return server.threads() == threads; }));
}

TEST_CASE("server: says where it listens, and writes the ports in the order of --listen", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"}, {"127.0.0.1:0", "127.0.0.1:0", "[::1]:0", "localhost:0"});
  REQUIRE(server.ports().size() == 4);
  auto ports = server.ports();
  peer over_v6("::1", ports[2]);
  over_v6.send("six\n");
  CHECK(over_v6.receive(4) == "xis\n");
  over_v6.close();
  ports.erase(ports.begin() + 2); // it may have the number of one at the other address
  for (const auto port : ports)
    CHECK(answers(port, "line"));
  std::sort(ports.begin(), ports.end());
  CHECK(std::unique(ports.begin(), ports.end()) == ports.end());
  const auto log = server.stop();
  CHECK_THAT(log, contains("listening on " + on_port(server.ports()[0]) + "\n"));
  CHECK_THAT(log, contains("listening on " + on_port(server.ports()[1]) + "\n"));
  CHECK_THAT(log, contains("listening on [::1]:" + std::to_string(server.ports()[2]) + "\n"));
}

TEST_CASE("server: is behind a proxy if the environment says so, and then only") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line"});
  CHECK(answers(server.port(), "line"));
  const auto log = server.stop();
  const bool is_direct = log.find("listening on " + on_port(server.port()) + "\n") != std::string::npos;
  CAPTURE(log);
  CHECK(is_direct == !behind_proxy());
}

TEST_CASE("server: does not take IPv4 clients on an IPv6 address", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {}, {"[::]:0"});
  CHECK(is_refused(server.port()));
  peer over_v6("::1", server.port());
  over_v6.send("six");
  CHECK(over_v6.receive(3) == "xis");
  over_v6.close();
  server.stop();
}

TEST_CASE("server: names its peer in IPv6 notation", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "length"}, {"[::1]:0"});
  peer client("::1", server.port());
  client.send("\xff\xff\xff\xff");
  CHECK(client.receive_all().empty());
  client.close();
  CHECK_THAT(server.stop(), contains("\nwarning: [::1]:"));
}

TEST_CASE("server: exits with 1 and says why when the port is taken, and harms nobody", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const auto owner = GENERATE(from_range(variants()));
  CAPTURE(v.name, owner.name);
  server_process first(owner, {"--framing", "line"});
  const auto second = run_server(v, {"--listen", on_port(first.port())});
  CHECK(second.exit_code == 1);
  CHECK(second.output.empty());
  CHECK_THAT(second.errors, StartsWith(v.program + ": cannot listen on " + on_port(first.port()) + ": "));
  CHECK_THAT(second.errors, contains("Address already in use"));
  CHECK_THAT(second.errors, contains("; another program listens there; choose another port"));
  CHECK(answers(first.port(), "line"));
  first.stop();
}

TEST_CASE("server: exits with 1 and says why when the address is none, or not this machine's", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const auto [address, reason] = GENERATE(table<std::string, std::string>({
      {"no..host:0", "Host not found"},
      {"192.0.2.1:0", "Cannot assign requested address; no interface of this machine has that address\n"},
  }));
  CAPTURE(v.name, address);
  const auto end = run_server(v, {"--listen", address});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot listen on " + address + ": " + reason));
}

TEST_CASE("server: starts nothing when one of several addresses cannot be had", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  listening_socket taken;
  const auto end = run_server(v, {"--listen", "127.0.0.1:0", "--listen", on_port(taken.port())});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot listen on " + on_port(taken.port())));
  CHECK_THAT(end.errors, !contains("listening on"));
}

TEST_CASE("server: shares its port with another process if both have --reuse-port", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process first(v, {"--framing", "line", "--reuse-port"});
  server_process second(v, {"--framing", "line", "--reuse-port"}, {on_port(first.port())});
  CHECK(second.port() == first.port());
  for (int i = 0; i < 64; ++i)
    CHECK(answers(first.port(), "line"));
  // The kernel spreads connections by a hash of the peer's port: that all of 64 fall to one side is out of
  // the question.
  CHECK_THAT(totals(first.stop()), !StartsWith("served 64 ") && !StartsWith("served 0 "));
  CHECK(answers(second.port(), "line"));
  second.stop();
}

TEST_CASE("server: does not share its port with one that has no --reuse-port", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process first(v, {"--reuse-port"});
  CHECK(run_server(v, {"--listen", on_port(first.port())}).exit_code == 1);
  first.stop();
}

TEST_CASE("server: exits with 1 and says why when the port is a privileged one") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  int first_free = 1024;
  std::ifstream("/proc/sys/net/ipv4/ip_unprivileged_port_start") >> first_free;
  if (first_free <= 1) SKIP_TEST("no port is privileged here");
  std::vector<std::string> command{"--reuid", "65534", "--clear-groups", program_directory() + "/" + v.program};
  if (::geteuid() != 0) command.erase(command.begin(), command.begin() + 3);
  command.insert(command.end(), {"--listen", "127.0.0.1:1"});
  const auto end = run("/usr/bin/setpriv", command);
  if (end.errors.starts_with("setpriv: ")) SKIP_TEST(end.errors);
  CHECK(end.exit_code == 1);
  CHECK(end.errors == v.program +
                          ": cannot listen on 127.0.0.1:1: Permission denied; ports below 1024 need privileges; "
                          "choose a higher one\n");
}

TEST_CASE("server: starts again on its port at once after it was killed, 50 times", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  std::string where = "127.0.0.1:0";
  for (int i = 0; i < 50; ++i) {
    server_process server(v, {}, {where});
    where = on_port(server.port());
    peer client(server.port());
    client.send("one");
    CHECK(client.receive(3) == "eno");
    server.signal(SIGKILL);
    CHECK(client.receive_end());
    CHECK(server.wait().signal == SIGKILL);
  }
}

TEST_CASE("server: starts again on its port at once after it has ended connections itself", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  std::string where = "127.0.0.1:0";
  for (int i = 0; i < 10; ++i) {
    server_process server(v, {"--framing", "length"}, {where});
    where = on_port(server.port());
    peer client(server.port());
    client.send("\xff\xff\xff\xff"); // the server ends first, so its side goes to TIME_WAIT
    CHECK(client.receive_all().empty());
    client.close();
    server.stop();
  }
}
