// The decoder's events and messages, in each framing.
#include "tests/support/catch.hpp"
#include "tests/unit/protocol/decoding.hpp"

#include "shared/options/limits.hpp"

#include <utility>

using namespace revecho;
using namespace revecho::testing;

namespace {

constexpr std::size_t plenty = 1000;

const std::string too_long = violation(protocol_errc::message_too_long);
const std::string truncated = violation(protocol_errc::truncated_message);

std::string told_framed(std::string_view message) { return told(message, framed(message)); }

} // namespace

TEST_CASE("decoder: finds the lines of a stream") {
  check_every_way(framing::line, plenty, "Hello\n", {told("Hello", "Hello\n"), end});
  check_every_way(
      framing::line, plenty, "a\nbc\ndef\n", {told("a", "a\n"), told("bc", "bc\n"), told("def", "def\n"), end});
}

TEST_CASE("decoder: takes a carriage return before a line feed as part of the terminator") {
  check_every_way(framing::line, plenty, "ab\r\nc\n", {told("ab", "ab\r\n"), told("c", "c\n"), end});
  check_every_way(framing::line, plenty, "\r\n\r\n", {told("", "\r\n"), told("", "\r\n"), end});
}

TEST_CASE("decoder: leaves every other carriage return in its line") {
  check_every_way(framing::line, plenty, "\rab\n", {told("\rab", "\rab\n"), end});
  check_every_way(framing::line, plenty, "a\rb\n", {told("a\rb", "a\rb\n"), end});
  check_every_way(framing::line, plenty, "ab\r\r\n", {told("ab\r", "ab\r\r\n"), end});
  check_every_way(framing::line, plenty, "a\n\rb\n", {told("a", "a\n"), told("\rb", "\rb\n"), end});
}

TEST_CASE("decoder: gives an empty line as an empty message") {
  check_every_way(framing::line, plenty, "\n", {told("", "\n"), end});
  check_every_way(
      framing::line, plenty, "\n\na\n\n", {told("", "\n"), told("", "\n"), told("a", "a\n"), told("", "\n"), end});
}

TEST_CASE("decoder: gives a last line that has no terminator") {
  check_every_way(framing::line, plenty, "a", {told("a", "a"), end});
  check_every_way(framing::line, plenty, "ab\ncd", {told("ab", "ab\n"), told("cd", "cd"), end});
  check_every_way(framing::line, plenty, "abc\r", {told("abc\r", "abc\r"), end});
  check_every_way(framing::line, plenty, "\r", {told("\r", "\r"), end});
}

TEST_CASE("decoder: takes NUL and bytes above 127 like any other") {
  const std::string odd = bytes("\0\xff\x80\0\x7f");
  check_every_way(
      framing::line, plenty, odd + "\n" + odd + "\r\n", {told(odd, odd + "\n"), told(odd, odd + "\r\n"), end});
  check_every_way(framing::length, plenty, framed(odd) + framed(odd), {told_framed(odd), told_framed(odd), end});
  check_every_way(framing::eof, plenty, odd, {told(odd, odd), end});
  CHECK(decode(framing::raw, plenty, {odd}) == happenings{told(odd, odd), end});
}

TEST_CASE("decoder: takes a line of exactly the limit and refuses one byte more") {
  check_every_way(framing::line, 3, "abc\n", {told("abc", "abc\n"), end});
  check_every_way(framing::line, 3, "abc\r\n", {told("abc", "abc\r\n"), end});
  check_every_way(framing::line, 3, "abc", {told("abc", "abc"), end});
  check_every_way(framing::line, 3, "ab\r", {told("ab\r", "ab\r"), end});
  check_every_way(framing::line, 3, "ab\r\r\n", {told("ab\r", "ab\r\r\n"), end});
  for (const char* const long_one :
      {"abcd\n", "abcd\r\n", "abcd", "abc\r", "abcd\r", "abc\rd\n", "abc\r\r\n", "abc\rd"})
    check_every_way(framing::line, 3, long_one, {too_long});
  check_every_way(framing::line, 3, "a\nabcd\nb\n", {told("a", "a\n"), too_long});
}

TEST_CASE("decoder: refuses a line over the limit before its end is there") {
  check_every_way(framing::line, 3, "abcd", {too_long}, stream::open);
  check_every_way(framing::line, 3, "abc", {waiting_inside}, stream::open);
  check_every_way(framing::line, 3, "abc\r", {waiting_inside}, stream::open);
}

TEST_CASE("decoder: finds messages by their length") {
  check_every_way(framing::length, plenty, framed("Hello"), {told_framed("Hello"), end});
  check_every_way(framing::length, plenty, framed("a") + framed("bcd") + framed("e"),
      {told_framed("a"), told_framed("bcd"), told_framed("e"), end});
  check_every_way(framing::length, plenty, framed("") + framed("\n") + framed("") + framed(""),
      {told_framed(""), told_framed("\n"), told_framed(""), told_framed(""), end});
}

TEST_CASE("decoder: reads all four bytes of a length, the first as the highest") {
  const std::string long_one(0x10203, 'x');
  const auto sum = decode(framing::length, limits::default_max_message, {bytes("\0\1\2\3") + long_one});
  CHECK(sum == happenings{told(long_one, bytes("\0\1\2\3") + long_one), end});
}

TEST_CASE("decoder: takes a length of exactly the limit and refuses one more") {
  check_every_way(framing::length, 3, framed("abc"), {told_framed("abc"), end});
  check_every_way(framing::length, 3, framed("abcd"), {too_long});
  check_every_way(framing::length, 3, framed("a") + framed("abcd") + framed("b"), {told_framed("a"), too_long});
  check_every_way(framing::length, 3, framed("abcd").substr(0, 4), {too_long}, stream::open);
}

TEST_CASE("decoder: refuses the largest length as soon as it has read it") {
  check_every_way(framing::length, 3, "\xff\xff\xff\xff", {too_long}, stream::open);
  check_every_way(framing::length, max_message_ceiling, "\xff\xff\xff\xff", {too_long}, stream::open);
  check_every_way(framing::length, max_message_ceiling, "\xff\xff\xff\xffxyz", {too_long});
}

TEST_CASE("decoder: calls a frame that the end of the stream cuts truncated, wherever it is cut") {
  const std::string frame_bytes = framed("Hello");
  for (std::size_t size = 1; size < frame_bytes.size(); ++size) {
    check_every_way(framing::length, plenty, frame_bytes.substr(0, size), {truncated});
    check_every_way(framing::length, plenty, framed("x") + frame_bytes.substr(0, size), {told_framed("x"), truncated});
  }
}

TEST_CASE("decoder: gives everything before the end of the stream as one message in eof") {
  check_every_way(framing::eof, plenty, "a\r\nb", {told("a\r\nb", "a\r\nb"), end});
  check_every_way(framing::eof, plenty, "a\r\nb", {waiting_inside}, stream::open);
}

TEST_CASE("decoder: takes a stream of exactly the limit in eof and refuses one byte more") {
  check_every_way(framing::eof, 3, "abc", {told("abc", "abc"), end});
  check_every_way(framing::eof, 3, "abcd", {too_long});
  check_every_way(framing::eof, 3, "abcd", {too_long}, stream::open);
}

TEST_CASE("decoder: finds no message in an empty stream, and one empty message in eof") {
  check_every_way(framing::raw, plenty, "", {end});
  check_every_way(framing::line, plenty, "", {end});
  check_every_way(framing::length, plenty, "", {end});
  check_every_way(framing::eof, plenty, "", {told("", ""), end});
}

TEST_CASE("decoder: gives each read as a message in raw") {
  CHECK(decode(framing::raw, plenty, {"Hello\n"}) == happenings{told("Hello\n", "Hello\n"), end});
  CHECK(decode(framing::raw, plenty, {"a", "bc", "d"}) ==
        happenings{told("a", "a"), told("bc", "bc"), told("d", "d"), end});
  CHECK(decode(framing::raw, plenty, {"a"}, stream::open) == happenings{told("a", "a"), waiting});
}

TEST_CASE("decoder: splits a read that is over the limit in raw") {
  CHECK(decode(framing::raw, 3, {"abc"}) == happenings{told("abc", "abc"), end});
  CHECK(decode(framing::raw, 3, {"abcd"}) == happenings{told("abc", "abc"), told("d", "d"), end});
  CHECK(decode(framing::raw, 3, {"abcdefg", "hi"}) ==
        happenings{told("abc", "abc"), told("def", "def"), told("g", "g"), told("hi", "hi"), end});
}

TEST_CASE("decoder: keeps saying that the protocol was broken") {
  const auto [f, stream_bytes] = GENERATE(std::pair<framing, const char*>{framing::line, "abcd\n"},
      std::pair<framing, const char*>{framing::length, "\xff\xff\xff\xff"},
      std::pair<framing, const char*>{framing::eof, "abcd"});
  CAPTURE(to_string(f));
  std::string first = std::string(stream_bytes).substr(0, 2);
  std::string second = std::string(stream_bytes).substr(2);
  std::string third = f == framing::length ? framed("a") : "a\n";
  decoder d(f, 3);
  d.receive(first);
  REQUIRE(d.next() == event::need_data);
  CHECK(d.in_message());
  CHECK_FALSE(d.error());
  d.receive(second);
  REQUIRE(d.next() == event::violation);
  CHECK(d.next() == event::violation);
  d.receive(third);
  CHECK(d.next() == event::violation);
  CHECK_FALSE(d.in_message());
  d.receive_end();
  CHECK(d.next() == event::violation);
  CHECK(d.error() == protocol_errc::message_too_long);
}

TEST_CASE("decoder: keeps saying that the stream has ended") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  CAPTURE(to_string(f));
  decoder d(f, plenty);
  d.receive_end();
  if (f == framing::eof) CHECK(d.next() == event::message);
  CHECK(d.next() == event::end_of_stream);
  CHECK(d.next() == event::end_of_stream);
  CHECK_FALSE(d.error());
}
