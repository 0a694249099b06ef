// The clients against servers that lie, cut, keep silent or are not there: each failure has its name on
// stderr, and the exit code is 1. Direct: no proxy is in front of a scripted server.
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <chrono>
#include <csignal>
#include <future>
#include <string>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> clients{"revecho-sync-client", "revecho-async-client"};
const std::string message = "abcdef";

// Receives the message, gives this reply, and waits for the client to leave.
auto replying(const std::string& framing, const std::string& reply) {
  return [framing, reply](peer& client) {
    if (framing == "eof")
      client.receive_all();
    else
      client.receive(framed(framing, message).size());
    client.send(reply);
    client.half_close();
    if (framing != "eof") client.receive_all();
  };
}

outcome ask_with(const std::string& client, const std::string& framing, const std::string& address,
    const std::string& timeout = "0") {
  return run(client, {"--framing", framing, "--to", address, "--timeout", timeout, message});
}

void check_failure(const outcome& end, const std::string& address, const std::string& reason) {
  CHECK(end.exit_code == 1);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, StartsWith(address + ": 'abcdef': " + reason));
}

} // namespace

TEST_CASE(
    "client: accepts the right reply from a scripted server", "[direct]") { // or the tests below would show nothing
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(client, framing);
  scripted_server server(replying(framing, framed(framing, "fedcba")));
  const auto end = ask_with(client, framing, server.address());
  CHECK(end.exit_code == 0);
  CHECK(end.output == "fedcba\n");
  CHECK(end.errors.empty());
}

TEST_CASE("client: names a message that comes back unchanged", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(client, framing);
  scripted_server server(replying(framing, framed(framing, message)));
  check_failure(ask_with(client, framing, server.address()), server.address(), "wrong reply: echoed unchanged\n");
}

TEST_CASE("client: names a reply that is cut, and where", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  const std::size_t size = GENERATE(0U, 1U, 5U);
  CAPTURE(client, framing, size);
  const auto reply = framed(framing, "fedcba");
  scripted_server server(replying(framing, reply.substr(0, size)));
  check_failure(ask_with(client, framing, server.address()), server.address(),
      "missing: the connection was closed after " + std::to_string(size) + " of " + std::to_string(reply.size()) +
          " bytes of the reply\n");
}

TEST_CASE("client: names bytes that come after the reply", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(client, framing);
  scripted_server server(replying(framing, framed(framing, "fedcba") + "x"));
  check_failure(ask_with(client, framing, server.address()), server.address(), "wrong reply: extra bytes\n");
}

TEST_CASE("client: names a reply in which a byte is wrong, wherever it is", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(client, framing);
  const auto right = framed(framing, "fedcba");
  for (std::size_t i = 0; i < right.size(); ++i) {
    CAPTURE(i);
    auto reply = right;
    reply[i] = static_cast<char>(reply[i] ^ 0x20);
    scripted_server server(replying(framing, reply));
    check_failure(ask_with(client, framing, server.address()), server.address(), "wrong reply: corrupt\n");
  }
}

TEST_CASE("client: names a reply that does not come in time, and how much of it did", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  const auto [framing, size, timeout] = GENERATE(table<std::string, std::size_t, std::string>(
      {{"raw", 0, "300ms"}, {"line", 0, "300ms"}, {"length", 0, "300ms"}, {"eof", 0, "300ms"}, {"raw", 3, "1s"}}));
  CAPTURE(client, framing, size);
  const auto reply = framed(framing, "fedcba");
  std::promise<void> given_up;
  scripted_server server([&, part = reply.substr(0, size), over = given_up.get_future().share()](peer& peer) {
    peer.send(part);
    over.wait();
  });
  const auto end = ask_with(client, framing, server.address(), timeout);
  given_up.set_value();
  check_failure(end, server.address(),
      "late: no more after " + std::to_string(size) + " of " + std::to_string(reply.size()) +
          " bytes of the reply in " + (timeout == "1s" ? "1 s" : "300 ms") + "\n");
}

TEST_CASE("client: gives a long raw message no more time than a short one, however its reply trickles", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  constexpr std::size_t part = std::size_t{64} * 1024;
  scripted_server server([](peer& peer) {
    for (;;) {
      const auto bytes = peer.receive(part);
      if (!peer.is_silent_for(100ms)) return; // the client has given up
      peer.send(reversed(bytes));
    }
  });
  const auto end = run(client, {"--to", server.address(), "--timeout", "1s"}, std::string(40 * part, 'x') + "\n");
  CHECK(end.exit_code == 1);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, contains(": late: no more after "));
  CHECK_THAT(end.errors, contains(" bytes of the reply in 1 s\n"));
}

TEST_CASE("client: does not wait for ever for a server that does not read its message", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("line", "eof");
  CAPTURE(client, framing);
  std::promise<void> given_up;
  scripted_server server([over = given_up.get_future().share()](peer&) { over.wait(); });
  const auto end = run(client, {"--framing", framing, "--to", server.address(), "--timeout", "300ms"},
      std::string(std::size_t{16} << 20, 'x') + "\n"); // more than the kernel takes
  given_up.set_value();
  CHECK(end.exit_code == 1);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, contains(": late: "));
}

TEST_CASE("client: names the message that is too long for a server, and gets the others answered") {
  const auto client = GENERATE(from_range(clients));
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length");
  CAPTURE(client, v.name, framing);
  server_process server(v, {"--framing", framing, "--max-message", "10"});
  const auto end =
      run(client, {"--framing", framing, "--to", std::to_string(server.port()), "short", "too long for it", "again"});
  CHECK(end.exit_code == 1);
  CHECK(end.output == "trohs\nniaga\n");
  CHECK_THAT(
      end.errors, contains("'too long for it': missing: the connection was closed after 0 of ") && !contains("short"));
  CHECK_THAT(totals(server.stop()), contains("2 messages"));
}

TEST_CASE("client: does not wait for ever to be connected", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  const listening_socket full(0);
  const peer only(full.port());
  const auto address = "127.0.0.1:" + std::to_string(full.port());
  check_failure(ask_with(client, "raw", address, "300ms"), address, "cannot connect: Connection timed out\n");
}

TEST_CASE("client: does not wait for ever for a server that is stopped") {
  const std::string program = GENERATE("revecho-sync-client", "revecho-async-client");
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(program, v.name);
  server_process server(v, {"--framing", "line"});
  server.pause();
  const auto end =
      run(program, {"--framing", "line", "--timeout", "100ms", "--to", std::to_string(server.port()), "hello"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("late: no more after 0 of 6 bytes of the reply in 100 ms"));
  server.signal(SIGCONT);
  server.stop();
}

TEST_CASE("client: names a reset", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  scripted_server server([](peer& peer) {
    peer.receive(message.size());
    peer.reset();
  });
  check_failure(ask_with(client, "raw", server.address()), server.address(),
      "lost: Connection reset by peer, after 0 of 6 bytes of the reply\n");
}

TEST_CASE("client: takes no reply for one if a reset comes in it or after it", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  const auto reply = framed(framing, "fedcba");
  // A reply that is there as a whole is one, but in eof, where its end is that of the stream.
  for (std::size_t size = 0; size < reply.size() + (framing == "eof" ? 1 : 0); ++size) {
    CAPTURE(client, framing, size);
    scripted_server server([&](peer& asking) {
      framing == "eof" ? asking.receive_all() : asking.receive(framed(framing, message).size());
      asking.send(reply.substr(0, size));
      asking.reset();
    });
    check_failure(ask_with(client, framing, server.address()), server.address(),
        "lost: Connection reset by peer, after " + std::to_string(size) + " of " + std::to_string(reply.size()) +
            " bytes of the reply\n");
  }
}

TEST_CASE("client: says that nobody listens, and what to do", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  std::string address;
  {
    scripted_server gone([](peer&) {});
    address = gone.address();
  }
  check_failure(ask_with(client, "raw", address), address,
      "cannot connect: Connection refused; nothing listens there; is the server running?\n");
}

TEST_CASE("client: names a host that is not there", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  const std::string nowhere = "no..host:7"; // no server for names is asked about such a one
  check_failure(ask_with(client, "raw", nowhere), nowhere, "cannot connect: Host not found");
}

TEST_CASE("client: goes on after a failure, and still exits with 1", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  scripted_server server([](peer& peer) {
    const auto request = peer.receive_some();
    peer.send(request == "lie" ? request : reversed(request));
    peer.receive_all();
  });
  const auto end = run(client, {"--to", server.address(), "--time", "one", "lie", "two"});
  CHECK(end.exit_code == 1);
  CHECK(end.output == "eno\nowt\n");
  CHECK_THAT(end.errors, StartsWith(server.address() + ": 'lie': wrong reply: echoed unchanged\n2 replies in "));
}

TEST_CASE("client: accepts a raw reply in pieces, each reversed for itself", "[direct]") {
  const auto client = GENERATE(from_range(clients));
  CAPTURE(client);
  scripted_server server([](peer& peer) {
    peer.send(reversed(peer.receive(2)));
    peer.send(reversed(peer.receive(4)));
    peer.receive_all();
  });
  const auto end = ask_with(client, "raw", server.address());
  CHECK(end.exit_code == 0);
  CHECK(end.output == "bafedc\n");
  CHECK(end.errors.empty());
}
