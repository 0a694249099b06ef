// Peers that send without end and without a pause: clients and the load tool keep no more of it than they need to name
// the lie, and end the connection. Direct: no proxy is in front of a scripted server.
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <string>
#include <vector>

using namespace revecho::test;

namespace {

constexpr std::size_t more_than_any_buffer = std::size_t{64} * 1024 * 1024;

// Sends what never is a whole reply, until the client has had enough of it; then, or after a lot, waits for it to
// leave.
void send_without_end(peer& client, const std::string& framing) {
  if (framing == "eof") client.receive_all();
  if (framing != "eof") message_reader(client, framing).next();
  const std::string start = framing == "length" ? std::string("\x3f\xff\xff\xff", 4) : "";
  const std::string more(65'536, 'x');
  bool taken = client.try_send(start);
  for (std::size_t sent = 0; taken && sent < more_than_any_buffer; sent += more.size())
    taken = client.try_send(more);
  client.receive_end();
}

} // namespace

TEST_CASE("client: ends a connection whose reply does not end, and names it", "[direct]") {
  const std::string client = GENERATE("revecho-sync-client", "revecho-async-client");
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(client, framing);
  const scripted_server server([framing](peer& p) { send_without_end(p, framing); });
  const auto end = run(client, {"--framing", framing, "--to", server.address(), "--timeout", "0", "abcdef"});
  CHECK(end.exit_code == 1);
  CHECK(end.errors == server.address() + ": 'abcdef': wrong reply: corrupt\n");
}

TEST_CASE("stress: ends a connection whose reply does not end, and names it", "[direct]") {
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(framing);
  const scripted_server server([framing](peer& p) { send_without_end(p, framing); });
  const auto end = run("revecho-stress", {server.address(), "--framing", framing, "--clients", "2", "--messages", "1",
                                             "--size", "100", "--timeout", "1h"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors,
      contains("client 0 message 0: wrong reply: corrupt\n") && contains("client 1 message 0: wrong reply: corrupt\n"));
}
