// Where the decoder's messages lie, how long they stay, and how the decoder fares with streams of any shape.
#include "tests/support/catch.hpp"
#include "tests/unit/protocol/decoding.hpp"

#include "shared/options/limits.hpp"
#include "shared/protocol/random.hpp"

#include <algorithm>
#include <string>
#include <tuple>

using namespace revecho;
using namespace revecho::testing;

namespace {

std::string text_of(std::span<const char> view) { return std::string(view.begin(), view.end()); }

std::size_t up_to(random_bits& random, std::size_t most) { return static_cast<std::size_t>(random() % (most + 1)); }

// The meaning of a stream of lines, written without a thought for reads and memory.
happenings naive_lines(std::string rest, std::size_t max_message) {
  happenings result;
  for (auto at = rest.find('\n'); at != rest.npos; at = rest.find('\n')) {
    std::string line = rest.substr(0, at);
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() > max_message) return result.push_back(violation(protocol_errc::message_too_long)), result;
    result.push_back(told(line, rest.substr(0, at + 1)));
    rest.erase(0, at + 1);
  }
  if (rest.size() > max_message) return result.push_back(violation(protocol_errc::message_too_long)), result;
  if (!rest.empty()) result.push_back(told(rest, rest));
  result.push_back(end);
  return result;
}

happenings naive_lengths(std::string rest, std::size_t max_message) {
  happenings result;
  while (rest.size() >= 4) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i)
      size = size * 256 + static_cast<unsigned char>(rest[i]);
    if (size > max_message) return result.push_back(violation(protocol_errc::message_too_long)), result;
    if (rest.size() < 4 + size) break;
    result.push_back(told(rest.substr(4, size), rest.substr(0, 4 + size)));
    rest.erase(0, 4 + size);
  }
  result.push_back(rest.empty() ? end : violation(protocol_errc::truncated_message));
  return result;
}

happenings naive_raw(const pieces& reads, std::size_t max_message) {
  happenings result;
  for (const auto& read : reads) {
    for (std::size_t at = 0; at < read.size(); at += max_message)
      result.push_back(told(read.substr(at, max_message), read.substr(at, max_message)));
  }
  result.push_back(end);
  return result;
}

happenings naive(framing f, const pieces& reads, std::size_t max_message) {
  std::string all;
  for (const auto& read : reads)
    all += read;
  if (f == framing::raw) return naive_raw(reads, max_message);
  if (f == framing::line) return naive_lines(all, max_message);
  if (f == framing::length) return naive_lengths(all, max_message);
  if (all.size() > max_message) return {violation(protocol_errc::message_too_long)};
  return {told(all, all), end};
}

// Bytes that are likely to mean something: many terminators; or frames, most of them legal.
std::string random_stream(random_bits& random, framing f, std::size_t max_message) {
  const std::string letters = bytes("ab\n\n\r\r\0\xff");
  std::string result;
  const auto some = [&](std::size_t size) {
    std::string text(size, ' ');
    std::generate(text.begin(), text.end(), [&] { return letters[up_to(random, letters.size() - 1)]; });
    return text;
  };
  if (f != framing::length) return some(up_to(random, f == framing::eof ? max_message + 2 : 40));
  for (std::size_t left = up_to(random, 8); left > 0; --left)
    result += framed(some(up_to(random, up_to(random, 9) == 0 ? max_message + 1 : max_message)));
  return result.substr(0, result.size() - std::min(result.size(), up_to(random, 3) == 0 ? up_to(random, 6) : 0));
}

pieces random_pieces(random_bits& random, std::string rest) {
  pieces result;
  const std::size_t longest = 1 + up_to(random, 12);
  while (!rest.empty()) {
    const std::size_t size = std::min(rest.size(), 1 + up_to(random, longest - 1));
    result.push_back(rest.substr(0, size));
    rest.erase(0, size);
  }
  return result;
}

} // namespace

TEST_CASE("decoder: agrees with a naive reading of random streams in random pieces") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  CAPTURE(to_string(f));
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    random_bits random(seed);
    const std::size_t max_message = 1 + up_to(random, 9);
    const auto reads = random_pieces(random, random_stream(random, f, max_message));
    CHECK(decode(f, max_message, reads) == naive(f, reads, max_message));
  }
}

TEST_CASE("decoder: gives messages that lie whole in a read where they lie") {
  const auto [f, stream_bytes, second] =
      GENERATE(std::tuple<framing, std::string, std::size_t>{framing::line, "ab\ncd\r\n", 3},
          std::tuple<framing, std::string, std::size_t>{framing::length, framed("ab") + framed("cd"), 6},
          std::tuple<framing, std::string, std::size_t>{framing::raw, "abcd", 2});
  CAPTURE(to_string(f));
  std::string buffer = stream_bytes;
  decoder d(f, 2);
  d.receive(buffer);
  REQUIRE(d.next() == event::message);
  CHECK(d.current().wire.data() == buffer.data());
  CHECK(d.current().wire.size() == second);
  d.current().message.front() = 'X';
  REQUIRE(d.next() == event::message);
  CHECK(d.current().wire.data() == buffer.data() + second);
  CHECK(buffer.find('X') == (f == framing::length ? 4 : 0));
  CHECK(d.next() == event::need_data);
}

TEST_CASE("decoder: keeps a partial message until the rest arrives, and then until the next read") {
  std::string first = "ab";
  std::string second = "c\nde\nfg";
  decoder d(framing::line, 100);
  d.receive(first);
  REQUIRE(d.next() == event::need_data);
  first = "??"; // its owner reads something else into it
  d.receive(second);
  REQUIRE(d.next() == event::message);
  const frame kept = d.current();
  kept.message.front() = 'A';
  REQUIRE(d.next() == event::message);
  const frame in_place = d.current();
  REQUIRE(d.next() == event::need_data);
  CHECK(text_of(kept.message) == "Abc");
  CHECK(text_of(kept.wire) == "Abc\n");
  CHECK(text_of(in_place.message) == "de");
  CHECK(in_place.wire.data() == second.data() + 2);
}

TEST_CASE("decoder: knows whether it is inside a message") {
  check_every_way(framing::line, 100, "ab\n", {told("ab", "ab\n"), waiting}, stream::open);
  check_every_way(framing::line, 100, "ab\nc", {told("ab", "ab\n"), waiting_inside}, stream::open);
  check_every_way(framing::length, 100, framed("ab"), {told("ab", framed("ab")), waiting}, stream::open);
  for (std::size_t size = 1; size < framed("ab").size(); ++size)
    check_every_way(framing::length, 100, framed("ab").substr(0, size), {waiting_inside}, stream::open);
  check_every_way(framing::eof, 100, "", {waiting}, stream::open);
  check_every_way(framing::eof, 100, "a", {waiting_inside}, stream::open);
  CHECK(decode(framing::raw, 100, {"ab", "c"}, stream::open) == happenings{told("ab", "ab"), told("c", "c"), waiting});
}

TEST_CASE("decoder: is outside of any message when a kept one has been given") {
  CHECK(decode(framing::line, 100, {"a", "b\n"}, stream::open).back() == waiting);
  CHECK(decode(framing::length, 100, {framed("ab").substr(0, 5), "b"}, stream::open).back() == waiting);
}

TEST_CASE("decoder: asks for data before it got any") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  CAPTURE(to_string(f));
  decoder d(f, 100);
  CHECK(d.next() == event::need_data);
  CHECK_FALSE(d.in_message());
}

TEST_CASE("decoder: looks at every byte of a long message once, however slowly it arrives") {
  const framing f = GENERATE(framing::line, framing::length, framing::eof);
  CAPTURE(to_string(f));
  const std::string message(limits::default_max_message, 'x'); // looking at all of it each time would take hours
  const std::string wire = f == framing::length ? framed(message) : f == framing::line ? message + "\n" : message;
  decoder d(f, limits::default_max_message);
  std::size_t messages = 0;
  for (char byte : wire) {
    d.receive({&byte, 1});
    while (d.next() == event::message)
      messages += d.current().message.size() == message.size();
  }
  d.receive_end();
  while (d.next() == event::message)
    messages += d.current().message.size() == message.size();
  CHECK(messages == 1);
  CHECK(d.next() == event::end_of_stream);
}
