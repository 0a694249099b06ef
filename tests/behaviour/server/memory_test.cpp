// Every allocation that serving needs fails once: that costs a connection at most.
#include "tests/support/catch.hpp"
#include "tests/support/failing_memory.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

using namespace revecho::test;

namespace {

// True if all replies came; false if the server ended the connection before. Throws for anything else.
bool is_served(std::uint16_t port, const std::string& framing, const std::string& header) {
  const std::string long_message(200'000, 'x'); // more than one read
  std::string sent = header;
  std::string expected;
  for (const auto& message : {std::string("one"), long_message, std::string("three")}) {
    sent += framed(framing, message);
    expected += framed(framing, reversed(message));
    if (framing == "eof") break;
  }
  std::string received;
  try {
    peer client(port);
    if (!client.try_send(sent)) return false;
    client.half_close();
    received = client.receive_all();
  } catch (const std::system_error&) { // a reset, after any of the replies
    return false;
  }
  if (!expected.starts_with(received)) throw std::runtime_error("a wrong reply");
  return received == expected;
}

bool breaks_protocol(std::uint16_t port, const std::string& framing) {
  if (framing != "length") return true;
  try {
    peer client(port);
    return client.try_send("\xff\xff\xff\xff") && client.receive_all().empty();
  } catch (const std::system_error&) {
    return false;
  }
}

} // namespace

TEST_CASE("server: loses one connection at most for an allocation that fails, whichever it is") {
  if (sanitized) SKIP_TEST("a sanitizer has an allocator of its own");
  failing_memory memory;
  const auto v = behind(memory.commands(), GENERATE(from_range(variants())));
  const std::string framing = GENERATE("length", "line", "eof");
  const std::string delay = GENERATE("0s", "100us");
  const bool proxied = framing == "line";
  const std::string header = proxied ? "PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n" : "";
  CAPTURE(v.name, framing, delay);
  std::vector<std::string> options{"--framing", framing, "--max-message", "1MiB", "--delay", delay};
  if (proxied) options.push_back("--proxy-protocol");
  server_process server(v, options);
  const auto descriptors = server.descriptors();
  const auto threads = server.threads().size() + 1; // the one that serves
  std::int64_t number = 1;
  int lost = 0;
  REQUIRE(is_served(server.port(), framing, header)); // it has come to rest
  // Again, if all that failed was of threads that wait for connections, as may be in a pool.
  for (int round = 0; lost == 0 && round < 10; ++round) {
    number = 1;
    for (bool failed = true; failed && number < 1000; ++number) {
      CAPTURE(number);
      memory.start(number);
      const bool first = is_served(server.port(), framing, header);
      const bool second = breaks_protocol(server.port(), framing);
      REQUIRE(eventually([&] { return server.descriptors() == descriptors && server.threads().size() <= threads; }));
      failed = memory.stop();
      lost += !first || !second;
      CHECK((first || second));
      REQUIRE(is_served(server.port(), framing, header));
    }
  }
  CHECK(number > 3);
  CHECK(lost > 0);
  CHECK(number < 1000);
  server.stop();
}
