// Replies made in place, and the frames a client sends.
#include "tests/support/catch.hpp"
#include "tests/unit/protocol/decoding.hpp"

#include "shared/options/limits.hpp"
#include "shared/protocol/encoder.hpp"

#include <algorithm>
#include <string>
#include <tuple>

using namespace revecho;
using namespace revecho::testing;

namespace {

frame frame_in(std::string& buffer, std::size_t wire_at, std::size_t wire_size, std::size_t prefix, std::size_t size) {
  const auto wire = std::span<char>(buffer).subspan(wire_at, wire_size);
  return {wire, wire.subspan(prefix, size)};
}

std::string pending_text(const encoder& e) {
  std::string result;
  for (const auto piece : e.pending())
    result.append(piece.data(), piece.size());
  return result;
}

// All replies to a stream, as a server gives them: those of one read are gathered and sent together.
std::string answer(framing f, const pieces& stream_pieces, std::size_t& most_pieces, bool all_at_once) {
  decoder d(f, 1000);
  encoder e;
  std::string sent;
  const auto reply = [&] {
    if (all_at_once) {
      e.add_all(d);
    } else {
      while (d.next() == event::message)
        e.add(d.current());
    }
    most_pieces = std::max(most_pieces, e.pending().size());
    sent += pending_text(e);
    e.clear();
  };
  for (std::string piece : stream_pieces) {
    d.receive(piece);
    reply();
  }
  d.receive_end();
  reply();
  return sent;
}

// Both ways to make replies do the same.
std::string answer(framing f, const pieces& stream_pieces, std::size_t& most_pieces) {
  const auto sent = answer(f, stream_pieces, most_pieces, false);
  CHECK(answer(f, stream_pieces, most_pieces, true) == sent);
  return sent;
}

} // namespace

TEST_CASE("encoder: reverses a message in place and leaves its framing as it is") {
  std::string buffer = "Hello\r\n";
  encoder e;
  e.add(frame_in(buffer, 0, 7, 0, 5));
  CHECK(buffer == "olleH\r\n");
  REQUIRE(e.pending().size() == 1);
  CHECK(e.pending()[0].data() == buffer.data());
  CHECK(e.pending()[0].size() == 7);

  std::string prefixed = framed("abc");
  encoder other;
  other.add(frame_in(prefixed, 0, 7, 4, 3));
  CHECK(pending_text(other) == framed("cba"));
}

TEST_CASE("encoder: gathers replies that lie side by side into one piece") {
  std::string buffer = "ab\n\ncd\n";
  encoder e;
  e.add(frame_in(buffer, 0, 3, 0, 2));
  e.add(frame_in(buffer, 3, 1, 0, 0));
  e.add(frame_in(buffer, 4, 3, 0, 2));
  REQUIRE(e.pending().size() == 1);
  CHECK(e.pending()[0].data() == buffer.data());
  CHECK(pending_text(e) == "ba\n\ndc\n");
}

TEST_CASE("encoder: has a kept message as a piece of its own, and the replies in the buffer as another") {
  std::string first = "ab";
  std::string second = "c\nde\nfg\nh";
  decoder d(framing::line, 100);
  encoder e;
  d.receive(first);
  REQUIRE(d.next() == event::need_data);
  d.receive(second);
  while (d.next() == event::message)
    e.add(d.current());
  REQUIRE(e.pending().size() == 2);
  CHECK(std::string(e.pending()[0].begin(), e.pending()[0].end()) == "cba\n");
  CHECK(e.pending()[1].data() == second.data() + 2);
  CHECK(pending_text(e) == "cba\ned\ngf\n");
}

TEST_CASE("encoder: counts replies and their bytes, and forgets them when they were sent") {
  std::string buffer = framed("abc") + framed("");
  encoder e;
  CHECK(e.messages() == 0);
  CHECK(e.bytes() == 0);
  CHECK(e.pending().empty());
  e.add(frame_in(buffer, 0, 7, 4, 3));
  e.add(frame_in(buffer, 7, 4, 4, 0));
  CHECK(e.messages() == 2);
  CHECK(e.bytes() == 11);
  e.clear();
  CHECK(e.messages() == 0);
  CHECK(e.bytes() == 0);
  CHECK(e.pending().empty());
}

TEST_CASE("encoder: counts an empty reply for which there is nothing to send") {
  encoder e;
  e.add({});
  CHECK(e.messages() == 1);
  CHECK(e.bytes() == 0);
  CHECK(e.pending().empty());
}

TEST_CASE("encoder: answers a stream the same in whatever pieces it comes, in at most two pieces a read") {
  const auto [f, stream_bytes, replies] =
      GENERATE(std::tuple<framing, std::string, std::string>{framing::line, "ab\r\n\ncde\nfg", "ba\r\n\nedc\ngf"},
          std::tuple<framing, std::string, std::string>{
              framing::length, framed("ab") + framed("") + framed("cde"), framed("ba") + framed("") + framed("edc")},
          std::tuple<framing, std::string, std::string>{framing::eof, "ab\ncd", "dc\nba"});
  CAPTURE(to_string(f));
  std::size_t most_pieces = 0;
  CHECK(answer(f, whole(stream_bytes), most_pieces) == replies);
  CHECK(most_pieces == 1);
  CHECK(answer(f, byte_by_byte(stream_bytes), most_pieces) == replies);
  for (const auto& split : every_split(stream_bytes))
    CHECK(answer(f, split, most_pieces) == replies);
  CHECK(most_pieces <= 2);
}

TEST_CASE("encoder: answers each read of a raw stream for itself") {
  std::size_t most_pieces = 0;
  CHECK(answer(framing::raw, {"Hello Server!\n"}, most_pieces) == "\n!revreS olleH");
  CHECK(answer(framing::raw, {"abc", "d", "ef"}, most_pieces) == "cbadfe");
  CHECK(most_pieces == 1);
}

TEST_CASE("append_frame: appends the framed message to existing bytes") {
  const auto appended = [](framing f, std::string_view message) {
    std::string out = ">";
    append_frame(out, f, message);
    return out;
  };
  CHECK(appended(framing::raw, "abc") == ">abc");
  CHECK(appended(framing::eof, "abc") == ">abc");
  CHECK(appended(framing::line, "abc") == ">abc\n");
  CHECK(appended(framing::length, "abc") == bytes(">\0\0\0\3abc"));
  CHECK(appended(framing::eof, "") == ">");
  CHECK(appended(framing::line, "") == ">\n");
  CHECK(appended(framing::length, "") == bytes(">\0\0\0\0"));
  CHECK(appended(framing::line, bytes("\0\xff")) == bytes(">\0\xff\n"));
  const std::string long_one(0x10203, 'x');
  CHECK(appended(framing::length, long_one) == bytes(">\0\1\2\3") + long_one);
}

TEST_CASE("append_frame: makes what the decoder finds the message in") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  CAPTURE(to_string(f));
  const std::string message = bytes("\ra\0b\xff\r.");
  std::string wire;
  append_frame(wire, f, message);
  CHECK(decode(f, 100, {wire}) == happenings{told(message, wire), end});
}

TEST_CASE("framed_message: is the same frame without a copy of the message") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  const std::string message = GENERATE(std::string("a"), std::string(0x10203, 'x'), std::string());
  CAPTURE(to_string(f), message.size());
  std::string whole;
  append_frame(whole, f, message);
  const framed_message framed(f, message);
  std::string joined;
  for (const auto piece : framed.pieces())
    joined.append(piece.data(), piece.size());
  CHECK((joined == whole));
  CHECK(framed.pieces().size() == 2);
}

TEST_CASE("append_part_of_frame: makes parts that are the frame together, however it is cut") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  const std::string message = GENERATE(std::string(), std::string("a"), std::string("abcdef"));
  CAPTURE(to_string(f), message);
  const kept_message source(message);
  std::string whole;
  append_frame(whole, f, source);
  CHECK(frame_size(f, source) == whole.size());
  for (std::size_t part = 1; part <= whole.size() + 1; ++part) {
    std::string joined;
    for (std::size_t offset = 0; offset < whole.size(); offset += part) {
      const auto before = joined.size();
      append_part_of_frame(joined, f, source, offset, part);
      CHECK(joined.size() - before == std::min(part, whole.size() - offset));
    }
    CHECK(joined == whole);
  }
}

TEST_CASE("reason_unsendable: knows what a framing cannot carry") {
  const auto sendable = [](framing f, std::string_view message) { return reason_unsendable(f, message).empty(); };
  for (const framing f : framings) {
    CAPTURE(to_string(f));
    CHECK(sendable(f, "abc"));
    CHECK(sendable(f, bytes("\0\xff\ra")));
    CHECK(sendable(f, "") == (f != framing::raw));
    CHECK(sendable(f, "a\nb") == (f != framing::line));
    CHECK(sendable(f, "\n") == (f != framing::line));
    CHECK(sendable(f, "ab\r") == (f != framing::line));
  }
  CHECK(reason_unsendable(framing::raw, "").find("line, length or eof") != std::string_view::npos);
  CHECK(reason_unsendable(framing::line, "a\nb").find("use length") != std::string_view::npos);
  CHECK(reason_unsendable(framing::line, "a\r").find("use length") != std::string_view::npos);
}

TEST_CASE("reason_unsendable: lets messages be as long as the longest --max-message") {
  const char byte = 'x'; // only the size is looked at in these framings
  for (const framing f : {framing::raw, framing::length, framing::eof}) {
    CAPTURE(to_string(f));
    CHECK(reason_unsendable(f, {&byte, max_message_ceiling}).empty());
    CHECK(reason_unsendable(f, {&byte, max_message_ceiling + 1}).find("1 GiB") != std::string_view::npos);
  }
}
