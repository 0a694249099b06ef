// Health checks: connections that end before a byte has come. They are counted, and disturb nobody. Direct: a proxy
// makes connections of its own.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <string>
#include <vector>

using namespace revecho::test;
using namespace std::string_literals;

namespace {

const std::string local_header = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;
const std::string client_header = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";

// Connects, sends that and leaves; returns the name it had.
std::string probe(std::uint16_t port, bool by_reset, const std::string& bytes = {}) {
  peer client(port);
  auto name = client.address();
  client.send(bytes);
  CHECK(eventually([&] { return client.has_arrived(); }));
  by_reset ? client.reset() : client.close();
  return name;
}

} // namespace

TEST_CASE("server: counts a connection that ends without a byte as a probe, and does not log it", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(v.name, framing);
  server_process server(v, {"--framing", framing});
  const std::vector names{probe(server.port(), false), probe(server.port(), true)};
  CHECK(answers(server.port(), framing));
  const auto log = server.stop();
  CHECK_THAT(totals(log), StartsWith("served 1 connection, 1 message, ") && EndsWith("; 2 left without a byte\n"));
  for (const auto& name : names)
    CHECK_THAT(log, !contains(name));
}

TEST_CASE("server: logs a probe at level debug", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const bool by_reset = GENERATE(false, true);
  CAPTURE(v.name, by_reset);
  server_process server(v, {"--log-level", "debug", "--log-format", "json"});
  const auto name = probe(server.port(), by_reset);
  const auto log = server.stop();
  CHECK_THAT(log, contains(R"("level":"debug","message":")" + name + ": connection ended: the peer left"));
  CHECK_THAT(log, contains(R"("served":0,"probes":1,"refused":0,)") && contains(R"("open":0,)"));
}

TEST_CASE("server: does not count probes toward --exit-after", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  server_process server(v, {"--framing", "line", "--exit-after", "2"});
  CHECK(answers(server.port(), "line"));
  probe(server.port(), false);
  probe(server.port(), true);
  peer last(server.port());
  last.send("one\n");
  CHECK(last.receive(4) == "eno\n");
  last.close();
  const auto end = server.wait();
  CHECK(end.exit_code == 0);
  CHECK_THAT(
      totals(end.errors), StartsWith("served 2 connections, 2 messages, ") && contains("; 2 left without a byte"));
}

TEST_CASE("server: counts a proxy that connects on its own behalf, and sends nothing, as a probe", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const bool by_reset = GENERATE(false, true);
  CAPTURE(v.name, by_reset);
  server_process server(v, {"--framing", "line", "--proxy-protocol"});
  const std::vector names{probe(server.port(), by_reset), probe(server.port(), by_reset, local_header)};
  CHECK(ask(server.port(), local_header + "one\n") == "eno\n");
  CHECK(ask(server.port(), client_header) == "");
  const auto log = server.stop();
  CHECK_THAT(totals(log), StartsWith("served 2 connections, 1 message, ") && EndsWith("; 2 left without a byte\n"));
  for (const auto& name : names)
    CHECK_THAT(log, !contains(name));
}
