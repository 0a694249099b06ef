// revecho-stress --send-proxy: a PROXY header in front of the first message of each connection, and nowhere else.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace revecho::test;
using namespace std::string_literals;

namespace {

using words = std::vector<std::string>;

outcome stress(const std::string& to, const words& options) {
  words all{to, "--quiet"};
  all.insert(all.end(), options.begin(), options.end());
  return run("revecho-stress", all);
}

std::pair<std::string, std::uint16_t> parts_of(const std::string& address) {
  const auto colon = address.find(':');
  return {address.substr(0, colon), static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
}

// "127.0.0.1" as four bytes.
std::string bytes_of(std::string host) {
  std::string bytes;
  for (std::size_t dot = 0; dot != host.npos; host.erase(0, dot + 1)) {
    dot = host.find('.');
    bytes += static_cast<char>(std::stoi(host.substr(0, dot)));
    if (dot == host.npos) break;
  }
  return bytes;
}

std::string bytes_of(std::uint16_t port) { return {static_cast<char>(port / 256), static_cast<char>(port % 256)}; }

// The header that this client has to send, made here a second time, in another way.
std::string expected_header(const std::string& version, const peer& client) {
  const auto port = parts_of(client.address()).second;
  const auto [host, from] = parts_of(client.remote_address());
  if (version == "v1")
    return "PROXY TCP4 " + host + " 127.0.0.1 " + std::to_string(from) + " " + std::to_string(port) + "\r\n";
  return "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s + bytes_of(host) + bytes_of("127.0.0.1") + bytes_of(from) +
         bytes_of(port);
}

} // namespace

TEST_CASE("stress: begins each connection with its PROXY header, and a server that wants one serves it") {
  const auto v = GENERATE(from_range(variants_serving(4)));
  const std::string version = GENERATE("v1", "v2");
  const auto load = GENERATE(values<words>({{"--framing", "raw", "--messages", "20"},
      {"--framing", "line", "--pipeline", "10", "--session", "7", "--messages", "40"},
      {"--framing", "length", "--half-close", "--session", "5", "--messages", "20"},
      {"--framing", "length", "--size", "1MiB", "--messages", "2"}, {"--framing", "eof", "--messages", "5"},
      {"--framing", "line", "--rate", "500", "--close", "reset", "--session", "uniform:1..3", "--messages", "20"},
      {"--framing", "line", "--think", "5ms", "--ramp", "20ms", "--messages", "5"}}));
  CAPTURE(v.name, version, load);
  server_process server(v, {"--proxy-protocol", load[0], load[1]});
  auto options = load;
  options.insert(options.end(), {"--clients", "4", "--send-proxy", version});
  const auto end = stress(std::to_string(server.port()), options);
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(server.stop(), !contains("PROXY header"));
}

TEST_CASE("stress: names both ends in the PROXY header, once a connection, and counts messages only", "[direct]") {
  const std::string version = GENERATE("v1", "v2");
  std::atomic<int> connections = 0;
  std::atomic<int> right = 0;
  scripted_server server([&](peer& client) {
    ++connections;
    const auto expected = expected_header(version, client);
    if (client.receive(expected.size()) != expected) return;
    ++right;
    answering("line", [](peer& to, const request& r) { return to.try_send(r.reply + "\n"); })(client);
  });
  const auto end =
      stress(server.address(), {"--send-proxy", version, "--framing", "line", "--clients", "3", "--messages", "6",
                                   "--session", "2", "--source", "127.0.0.1-127.0.0.3"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(connections == 9);
  CHECK(right == 9);
}

TEST_CASE("stress: sends the PROXY header of IPv6, too", "[direct]") {
  const std::string version = GENERATE("v1", "v2");
  server_process server(variants().back(), {"--proxy-protocol"}, {"[::1]:0"});
  const auto end =
      stress("[::1]:" + std::to_string(server.port()), {"--send-proxy", version, "--clients", "1", "--messages", "1"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(server.stop(), contains("\nserved 1 connection, 1 message, ") && !contains("PROXY header"));
}

TEST_CASE("stress: refuses a version of the PROXY header that there is not", "[direct]") {
  const auto end = stress("1", {"--send-proxy", "v3"});
  CHECK(end.exit_code == 2);
  CHECK_THAT(end.errors, contains("--send-proxy") && contains("'v3' is not one of v1|v2"));
}
