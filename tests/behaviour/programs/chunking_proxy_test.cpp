// The proxy that other tests go through: it must cut and join, and change nothing else.
#include "tests/support/catch.hpp"
#include "tests/support/chunking_proxy.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/wire.hpp"

#include <future>
#include <netinet/in.h>
#include <random>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

using namespace revecho::test;

namespace {

// The two ends of a connection through a proxy of its own.
struct ends {
  explicit ends(std::uint64_t seed = 1)
      : proxy(listener.port(), seed), client(proxy.port()), server(listener.accept()) {}

  listening_socket listener;
  chunking_proxy proxy;
  peer client;
  peer server;
};

// One that nobody listens on, and nobody else can get meanwhile.
class closed_port {
 public:
  closed_port() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* const raw = reinterpret_cast<sockaddr*>(&address_);
    REQUIRE(::bind(descriptor_, raw, size) == 0);
    REQUIRE(::getsockname(descriptor_, raw, &size) == 0);
  }
  ~closed_port() { ::close(descriptor_); }
  closed_port(const closed_port&) = delete;
  closed_port& operator=(const closed_port&) = delete;
  std::uint16_t number() const { return ntohs(address_.sin_port); }

 private:
  int descriptor_;
  sockaddr_in address_{};
};

bool is_reset(peer& who) {
  try {
    who.receive_all();
  } catch (const std::system_error& error) {
    return error.code() == std::errc::connection_reset;
  }
  return false;
}

} // namespace

TEST_CASE("proxy: brings every byte to the other side in order, both ways at once") {
  const auto seed = GENERATE(range(1u, 6u));
  ends e(seed);
  std::mt19937_64 random(seed);
  const auto there = random_bytes(random, 3'000'000);
  const auto back = random_bytes(random, 2'000'000);
  auto client = std::async(std::launch::async, [&] {
    for (const auto& piece : random_chunks(random, there))
      e.client.send(piece);
    e.client.half_close();
  });
  auto client_received = std::async(std::launch::async, [&] { return e.client.receive_all(); });
  auto server_received = std::async(std::launch::async, [&] { return e.server.receive_all(); });
  e.server.send(back);
  e.server.half_close();
  client.get();
  CHECK((client_received.get() == back)); // which is not to be shown
  CHECK((server_received.get() == there));
  CHECK(e.proxy.seen().bytes == there.size() + back.size());
  CHECK(e.proxy.seen().connections == 1);
}

TEST_CASE("proxy: cuts what was sent in one piece, so that the receiver sees it in several") {
  ends e;
  const std::string message(100, 'x');
  const auto comes_in_pieces = [&] {
    e.client.send(message);
    const auto first = e.server.receive_some();
    e.server.receive(message.size() - first.size());
    return first.size() < message.size();
  };
  CHECK(eventually(comes_in_pieces));
  CHECK(e.proxy.seen().slices > 0);
}

TEST_CASE("proxy: joins what was sent in several pieces") {
  ends e;
  const auto joins = [&] {
    e.client.send("x");
    e.server.receive(1);
    for (int i = 0; i < 100; ++i)
      e.client.send("x");
    e.server.receive(100);
    return e.proxy.seen().joins > 0;
  };
  CHECK(eventually(joins));
}

TEST_CASE("proxy: passes on the end of one direction and keeps the other") {
  ends e;
  e.client.send("the last words");
  e.client.half_close();
  CHECK(e.server.receive_all() == "the last words");
  e.server.send("an answer");
  CHECK(e.client.receive(9) == "an answer");
  e.server.close();
  CHECK(e.client.receive_all().empty());
}

TEST_CASE("proxy: passes a reset on as a reset, either way") {
  ends e;
  const bool by_client = GENERATE(true, false);
  auto& first = by_client ? e.client : e.server;
  auto& second = by_client ? e.server : e.client;
  first.send("x");
  CHECK(second.receive(1) == "x");
  first.reset();
  CHECK(is_reset(second));
}

TEST_CASE("proxy: passes a reset on to who does not read") {
  ends e;
  e.client.send_while_taken(std::string(100'000'000, 'x'), std::chrono::milliseconds(100));
  e.client.reset();
  CHECK(is_reset(e.server));
}

TEST_CASE("proxy: shows a client that was gone at once to the server all the same") {
  ends e;
  peer(e.proxy.port()).reset();
  auto seen = e.listener.accept();
  CHECK(is_reset(seen));
}

TEST_CASE("proxy: resets whoever wants to reach a server that is not there") {
  const closed_port gone;
  const chunking_proxy proxy(gone.number(), 1);
  try {
    peer client(proxy.port());
    CHECK(is_reset(client));
  } catch (const std::system_error& error) { // so early that it is connecting that fails
    CHECK(error.code() == std::errc::connection_reset);
  }
}

TEST_CASE("proxy: resets all connections when told to, on both sides") {
  ends e;
  peer other(e.proxy.port());
  auto other_server = e.listener.accept();
  e.proxy.reset_all();
  for (auto* who : {&e.client, &e.server, &other, &other_server})
    CHECK(is_reset(*who));
  peer later(e.proxy.port());
  later.send("x");
  CHECK(e.listener.accept().receive(1) == "x");
}

TEST_CASE("proxy: resets a connection behind as many bytes as told, of both directions together") {
  ends e;
  e.proxy.reset_after(10);
  peer client(e.proxy.port());
  auto server = e.listener.accept();
  client.send("12345");
  CHECK(server.receive(5) == "12345");
  server.send("abcdefgh");
  CHECK(client.receive(5) == "abcde");
  CHECK(is_reset(client));
  CHECK(is_reset(server));
  e.client.send("a connection from before");
  CHECK(e.server.receive(24) == "a connection from before");
}

TEST_CASE("proxy: takes in no more than it can pass on") {
  ends e;
  constexpr std::size_t all = 100'000'000; // many times of what the kernel keeps for two connections
  const auto taken = e.client.send_while_taken(std::string(all, 'x'), std::chrono::milliseconds(200));
  CHECK(taken < all / 2);
  e.client.half_close();
  CHECK(e.server.receive_all().size() == taken);
}
