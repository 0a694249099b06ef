// The twins promise the same bytes: one recorded stream of bytes, cut anywhere, gets the same reply from
// every variant, and it is the one that a naive reading of the protocol expects.
#include "shared/protocol/tiling.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/wire.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace revecho::test;
using namespace std::string_literals;

namespace {

// Input of a client, each piece in a call of its own, and a half-close after it.
using script = std::vector<std::string>;

std::string joined(const script& pieces) {
  std::string bytes;
  for (const auto& piece : pieces)
    bytes += piece;
  return bytes;
}

std::string play(const script& pieces, std::uint16_t port) {
  peer client(port);
  for (const auto& piece : pieces)
    client.send(piece);
  client.half_close();
  return client.receive_all();
}

// In raw the server cuts wherever it reads, so each piece is answered before the next is sent.
std::size_t play_raw(const script& pieces, std::uint16_t port) {
  peer client(port);
  std::size_t wrong = 0;
  for (const auto& piece : pieces) {
    client.send(piece);
    const auto reply = client.receive(piece.size());
    if (revecho::count_pieces(piece, reply) == 0) ++wrong;
  }
  client.half_close();
  return wrong + client.receive_all().size();
}

// A stream of well-formed messages; in line the last may lack its terminator.
std::string random_stream(std::mt19937_64& random, const std::string& framing) {
  if (framing != "length") return random_bytes(random, random() % (random() % 10 == 0 ? 20'000 : 200));
  std::string stream;
  for (auto messages = random() % 10; messages > 0; --messages)
    stream += length_frame(random_bytes(random, random() % (random() % 10 == 0 ? 20'000 : 20)));
  return stream;
}

constexpr int scripts = 200;

} // namespace

TEST_CASE("twins: answer a recorded script with the same bytes") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  SECTION("line") {
    server_process server(v, {"--framing", "line", "--max-message", "20"});
    CHECK(play({"He", "llo\nWor", "ld\r", "\n\n\r\n", "\0\xff\r"s, "x\nunfini", "shed\r"}, server.port()) ==
          "olleH\ndlroW\r\n\n\r\nx\r\xff\0\n\rdehsinifnu"s);
    CHECK(play({"one\n", "this line is longer than the limit", " allows\n", "two\n"}, server.port()) == "eno\n");
    CHECK(play({}, server.port()).empty());
    server.stop();
  }
  SECTION("length") {
    server_process server(v, {"--framing", "length", "--max-message", "20"});
    CHECK(play({"\0"s, "\0\0"s, "\3a"s, "bc\0\0\0\0\0\0\0\2"s, "x", "y"}, server.port()) ==
          "\0\0\0\3cba\0\0\0\0\0\0\0\2yx"s);
    CHECK(play({"\0\0\0\3abc\0\0\0\x15"s, "one more than the lim"}, server.port()) == "\0\0\0\3cba"s);
    CHECK(play({"\0\0\0\3abc\0\0\0\4cut"s}, server.port()) == "\0\0\0\3cba"s);
    server.stop();
  }
  SECTION("eof") {
    server_process server(v, {"--framing", "eof", "--max-message", "20"});
    CHECK(play({"a", "bc\n", "\0\xff"s}, server.port()) == "\xff\0\ncba"s);
    CHECK(play({"this stream is longer ", "than the limit allows"}, server.port()).empty());
    CHECK(play({}, server.port()).empty());
    server.stop();
  }
  SECTION("raw") {
    server_process server(v);
    CHECK(play_raw({"abc", "\n", "\0\0\1"s, "the last of them"}, server.port()) == 0);
    server.stop();
  }
}

TEST_CASE("twins: answer random streams, cut at random, as the protocol says") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length", "eof");
  CAPTURE(v.name, framing);
  const std::uint64_t first_seed = std::random_device{}();
  server_process server(v, {"--framing", framing});
  for (std::uint64_t seed = first_seed; seed < first_seed + scripts; ++seed) {
    std::mt19937_64 random(seed);
    const auto pieces = random_chunks(random, random_stream(random, framing));
    CAPTURE(seed, pieces.size());
    const auto sent = joined(pieces);
    const auto reply = play(pieces, server.port());
    REQUIRE(reply.size() == sent.size());
    REQUIRE((reply == expected_reply(framing, sent)));
  }
  server.stop();
}

TEST_CASE("twins: answer random streams of which the end is missing") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const std::uint64_t first_seed = std::random_device{}();
  server_process server(v, {"--framing", "length"});
  for (std::uint64_t seed = first_seed; seed < first_seed + scripts; ++seed) {
    std::mt19937_64 random(seed);
    auto stream = random_stream(random, "length") + length_frame("the last");
    stream.resize(stream.size() - random() % 12);
    CAPTURE(seed, stream.size());
    REQUIRE((play(random_chunks(random, stream), server.port()) == expected_reply("length", stream)));
  }
  server.stop();
}

TEST_CASE("twins: answer random raw pieces with tilings") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const std::uint64_t first_seed = std::random_device{}();
  server_process server(v);
  for (std::uint64_t seed = first_seed; seed < first_seed + scripts; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto stream = random_stream(random, "raw");
    REQUIRE(play_raw(random_chunks(random, stream), server.port()) == 0);
  }
  server.stop();
}
