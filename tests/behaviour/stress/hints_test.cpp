// Hints of revecho-stress, against servers of another framing and paths that are set up wrongly. Direct: a proxy of
// ours passes everything on.
#include "tests/support/catch.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace revecho::test;

namespace {

load_report stress(std::uint16_t port, const std::string& framing, const std::vector<std::string>& more = {}) {
  std::vector<std::string> all{std::to_string(port), "--framing", framing, "--clients", "2", "--messages", "6",
      "--timeout", "500ms", "--json", "-"};
  all.insert(all.end(), more.begin(), more.end());
  return parsed(run("revecho-stress", all));
}

// One hint, on stderr and in the JSON.
void check_hint(const load_report& r, const std::string& hint) {
  CAPTURE(r.end.errors);
  CHECK(r.end.exit_code == 1);
  REQUIRE(r.level["hints"].size() == 1);
  CHECK_THAT(r.level["hints"][0].get<std::string>(), contains(hint));
  CHECK_THAT(r.end.errors, contains("2 clients: Hint: ") && contains(hint));
}

const std::string header = "PROXY TCP4 10.0.0.1 10.0.0.2 40000 7000\r\n";

} // namespace

TEST_CASE("stress: asks for the framing of a server that has another one", "[direct]") {
  const auto [ours, theirs, hint] = GENERATE(table<std::string, std::string, std::string>({
      {"length", "line", "nobody sent a byte back: does the server speak --framing length?"},
      {"raw", "line", "nobody sent a byte back: does the server speak --framing raw?"},
      {"line", "eof", "nobody sent a byte back: does the server speak --framing line?"},
      {"line", "length",
          "ended by the peer before any reply: does the port want TLS or a PROXY header, or does the "
          "server speak --framing line?"},
      {"raw", "length", "does the server speak --framing raw?"},
      {"line", "raw", "the framing came back reversed, too: does the server speak --framing line?"},
      {"length", "raw", "the framing came back reversed, too: does the server speak --framing length?"},
  }));
  const server_process server(variants().back(), {"--framing", theirs});
  CAPTURE(ours, theirs);
  check_hint(stress(server.port(), ours), hint);
}

TEST_CASE("stress: asks for the half-close if every loss comes after one", "[direct]") {
  const scripted_server server([](peer& client) { // a path that ends the connection when the client half-closes
    message_reader messages(client, "line");
    for (int number = 0; const auto message = messages.next(); ++number)
      if (number < 2) client.send(reversed(*message) + '\n');
  });
  check_hint(stress(server.port(), "line", {"--session", "3", "--half-close", "--reconnect"}),
      "every loss came after a half-close: does the path forward a half-close?");
}

TEST_CASE("stress: names the PROXY header that a path sends", "[direct]") {
  const std::string framing = GENERATE("raw", "line", "eof");
  const scripted_server server([framing](peer& client) { // takes the header for data
    message_reader messages(client, framing);
    if (framing == "line") client.send(reversed(header.substr(0, header.size() - 1)) + '\n');
    for (bool is_first = framing != "line"; const auto message = messages.next(); is_first = false) {
      client.send(reversed(is_first ? header + *message : *message) + (framing == "line" ? "\n" : ""));
      if (framing == "eof") return;
    }
  });
  CAPTURE(framing);
  check_hint(stress(server.port(), framing), "the path sends a PROXY header");
}

TEST_CASE("stress: asks what the port wants if all connections are ended before any reply", "[direct]") {
  const bool resets = GENERATE(false, true);
  const scripted_server server([resets](peer& client) {
    client.receive_some();
    if (resets) client.reset();
  });
  CAPTURE(resets);
  check_hint(stress(server.port(), "line"), "does the port want TLS or a PROXY header");
}

TEST_CASE("stress: has no hint if a server goes away that has replied", "[direct]") {
  const std::string framing = GENERATE("line", "eof");
  const scripted_server server(answering(framing, [framing](peer& client, const request& r) {
    if (r.total < 9) client.send(framed(framing, r.reply));
    return r.total < 9;
  }));
  const auto r = stress(server.port(), framing, {"--half-close"});
  CAPTURE(framing, r.end.errors);
  CHECK(r.end.exit_code == 1);
  CHECK(r.level["hints"].empty());
  CHECK_THAT(r.end.errors, !contains("Hint:"));
}
