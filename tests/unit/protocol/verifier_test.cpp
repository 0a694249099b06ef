// The verdict on a reply, in each framing, fed whole and byte by byte.
#include "tests/support/catch.hpp"
#include "tests/unit/protocol/decoding.hpp"

#include "shared/protocol/encoder.hpp"
#include "shared/protocol/verifier.hpp"

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

using namespace revecho;
using namespace revecho::testing;

namespace {

std::string wire(framing f, std::string_view message) {
  std::string result;
  append_frame(result, f, message);
  return result;
}

// Feeds the pieces, then the end unless the verdict is known before.
verdict feed(verifier& v, const pieces& reply) {
  verdict result = verdict::pending;
  for (const std::span<const char> piece : reply) {
    if (result != verdict::pending) return result;
    auto rest = piece;
    result = v.receive(rest);
    if (result == verdict::verified && !rest.empty()) return verdict::extra;
  }
  return result == verdict::pending ? v.receive_end() : result;
}

struct judged {
  std::string verdict;
  std::string reply; // if verified
  bool operator==(const judged&) const = default;
};

std::ostream& operator<<(std::ostream& out, const judged& j) { return out << j.verdict << ' ' << escaped(j.reply); }

judged judge(framing f, std::string_view message, const pieces& reply) {
  const kept_message request(message);
  verifier v(f);
  v.expect(request);
  const auto result = feed(v, reply);
  const bool good = result == verdict::verified;
  return {std::string(to_string(result)), good ? std::string(v.reply().begin(), v.reply().end()) : ""};
}

// Whole and byte by byte (where "extra" shows only in the read that has the last byte too).
void check_verdict(framing f, std::string_view message, const std::string& reply, const judged& expected) {
  INFO(to_string(f) << ": " << escaped(message) << " -> " << escaped(reply));
  CHECK(judge(f, message, whole(reply)) == expected);
  if (expected.verdict != "extra bytes" || f == framing::eof) CHECK(judge(f, message, byte_by_byte(reply)) == expected);
}

// Counts the bytes of it that are looked at.
class watched_message final : public message_source {
 public:
  std::size_t size() const noexcept override { return std::size_t{1} << 20; }
  void copy(std::size_t, std::span<char> to) const noexcept override {
    copied += to.size();
    std::fill(to.begin(), to.end(), 'm');
  }
  mutable std::size_t copied = 0;
};

} // namespace

TEST_CASE("verifier: verifies the message reversed, and gives the reply without its framing") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  check_verdict(f, "Hello!", wire(f, "!olleH"), {"verified", "!olleH"});
  check_verdict(f, "a", wire(f, "a"), {"verified", "a"});
  check_verdict(f, bytes("\0\xff\r."), wire(f, bytes(".\r\xff\0")), {"verified", bytes(".\r\xff\0")});
}

TEST_CASE("verifier: verifies the empty reply to an empty message") {
  const framing f = GENERATE(framing::line, framing::length, framing::eof);
  check_verdict(f, "", wire(f, ""), {"verified", ""});
}

TEST_CASE("verifier: verifies a line that ends in a carriage return once reversed") {
  check_verdict(framing::line, "\rab", "ba\r\n", {"verified", "ba\r"});
}

TEST_CASE("verifier: verifies a palindrome, which comes back as it went") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  check_verdict(f, "abcba", wire(f, "abcba"), {"verified", "abcba"});
}

TEST_CASE("verifier: knows a message that came back unchanged") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  check_verdict(f, "Hello", wire(f, "Hello"), {"echoed unchanged", ""});
}

TEST_CASE("verifier: finds one wrong byte, the first, a middle or the last") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  const std::size_t at = GENERATE(0U, 2U, 4U);
  std::string reply = "olleH";
  reply[at] = '?';
  check_verdict(f, "Hello", wire(f, reply), {"corrupt", ""});
}

TEST_CASE("verifier: finds wrong framing") {
  check_verdict(framing::line, "Hello", "olleH\r", {"corrupt", ""});
  check_verdict(framing::line, "Hello", "olleH\r\n", {"extra bytes", ""});
  check_verdict(framing::length, "Hello", bytes("\0\0\0\4") + "olleH", {"short", ""});
  check_verdict(framing::length, "Hello", bytes("\1\0\0\5") + "olleH", {"corrupt", ""});
}

TEST_CASE("verifier: finds the reply to another message") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  check_verdict(f, "message 1", wire(f, "2 egassem"), {"corrupt", ""});
}

TEST_CASE("verifier: calls a reply that ends too early short, wherever it ends") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  const std::string reply = wire(f, "olleH");
  for (std::size_t size = 0; size < reply.size(); ++size)
    check_verdict(f, "Hello", reply.substr(0, size), {"short", ""});
}

TEST_CASE("verifier: shows what came of a reply that ends too early") {
  const kept_message request("abcdef");
  verifier v(framing::eof);
  v.expect(request);
  CHECK(feed(v, whole("fed")) == verdict::cut_short);
  CHECK(std::string(v.reply().begin(), v.reply().end()) == "fed");
}

TEST_CASE("verifier: calls a reply that is wrong and ends too early corrupt") {
  const framing f = GENERATE(framing::line, framing::length, framing::eof);
  check_verdict(f, "Hello", wire(f, "?????").substr(0, wire(f, "").size() + 2), {"corrupt", ""});
}

TEST_CASE("verifier: finds bytes after a right reply") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  check_verdict(f, "Hello", wire(f, "olleH") + "?", {"extra bytes", ""});
  check_verdict(f, "Hello", wire(f, "olleH") + wire(f, "olleH"), {"extra bytes", ""});
}

TEST_CASE("verifier: needs the end of the stream only in eof") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length, framing::eof);
  CAPTURE(to_string(f));
  const kept_message request("Hello");
  const std::string reply = wire(f, "olleH");
  std::span<const char> first(reply.data(), 2);
  std::span<const char> second(reply.data() + 2, reply.size() - 2);
  verifier v(f);
  v.expect(request);
  CHECK(v.receive(first) == verdict::pending);
  const auto complete = v.receive(second);
  CHECK(complete == (f == framing::eof ? verdict::pending : verdict::verified));
  if (f == framing::eof) CHECK(v.receive_end() == verdict::verified);
  CHECK(v.pieces() == 1);
}

TEST_CASE("verifier: collects a wrong reply up to its own end, where framing tells it") {
  const auto f = GENERATE(framing::line, framing::length);
  CAPTURE(to_string(f));
  const kept_message request("Hello");
  const std::string two = wire(f, "wrong reply") + wire(f, "olleH");
  verifier v(f);
  v.expect(request);
  std::span<const char> rest = two;
  CHECK(v.receive(rest) == verdict::corrupt);
  CHECK(v.is_wrong());
  CHECK(v.is_delimited());
  CHECK(std::string(v.reply().begin(), v.reply().end()) == "wrong reply");
  v.expect(request);
  CHECK(v.receive(rest) == verdict::verified);
  CHECK_FALSE(v.is_wrong());
}

TEST_CASE("verifier: verifies a raw reply in several pieces, and counts them") {
  const auto [reply, count] = GENERATE(std::pair<std::string, std::size_t>{"fedcba", 1},
      std::pair<std::string, std::size_t>{"bafedc", 2}, std::pair<std::string, std::size_t>{"edcbaf", 2},
      std::pair<std::string, std::size_t>{"bacfed", 3}, std::pair<std::string, std::size_t>{"abcdfe", 5});
  const kept_message request("abcdef");
  for (const auto& way : {whole(reply), byte_by_byte(reply)}) {
    CAPTURE(reply, way.size());
    verifier v(framing::raw);
    v.expect(request);
    CHECK(feed(v, way) == verdict::verified);
    CHECK(v.pieces() == count);
    CHECK(std::string(v.reply().begin(), v.reply().end()) == reply);
  }
}

TEST_CASE("verifier: does not take a reply in several pieces where there is framing") {
  const framing f = GENERATE(framing::line, framing::length, framing::eof);
  check_verdict(f, "abcdef", wire(f, "bafedc"), {"corrupt", ""});
}

TEST_CASE("verifier: finds bytes after a raw reply in several pieces") {
  CHECK(judge(framing::raw, "abcdef", {"bafedc?"}) == judged{"extra bytes", ""});
}

TEST_CASE("verifier: checks one message after the other") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length);
  CAPTURE(to_string(f));
  verifier v(f);
  for (const std::string_view message : {"Hello", "a longer one", "x", "abc"}) {
    const kept_message request(message);
    const std::string reply = wire(f, std::string(message.rbegin(), message.rend()));
    v.expect(request);
    CHECK(v.received() == 0);
    CHECK(v.expected() == reply.size());
    CHECK(feed(v, byte_by_byte(reply)) == verdict::verified);
    CHECK(v.received() == reply.size());
    v.expect(request); // a verdict on one says nothing about the next
    CHECK(feed(v, whole(wire(f, std::string(message.size(), '?')))) == verdict::corrupt);
  }
}

TEST_CASE("verifier: names every verdict differently") {
  std::vector<std::string_view> names;
  for (const auto v :
      {verdict::pending, verdict::verified, verdict::unchanged, verdict::cut_short, verdict::extra, verdict::corrupt}) {
    CHECK(std::count(names.begin(), names.end(), to_string(v)) == 0);
    names.push_back(to_string(v));
  }
}

TEST_CASE("verifier: ends a wrong reply that does not end, and keeps no more of it than is worth knowing") {
  const framing f = GENERATE(framing::line, framing::length, framing::eof);
  const std::size_t longest = GENERATE(std::size_t{0}, std::size_t{5000});
  const std::string prefix = f == framing::length ? std::string("\x3f\xff\xff\xff", 4) : "";
  const std::string message = "abc";
  const kept_message request(message);
  for (const auto& [start, expected] : {std::pair{"cbaX", verdict::extra}, std::pair{"zzzz", verdict::corrupt}}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{700}, std::size_t{65'536}}) {
      verifier v(f, longest);
      v.expect(request);
      const auto endless = prefix + start + std::string(100'000, 'x');
      std::span<const char> rest = endless;
      std::size_t used = 0;
      verdict result = verdict::pending;
      while (result == verdict::pending && !rest.empty()) {
        auto piece = rest.first(std::min(step, rest.size()));
        const auto size = piece.size();
        result = v.receive(piece);
        used += size - piece.size();
        rest = rest.subspan(size - piece.size());
      }
      CAPTURE(to_string(f), start, step);
      CHECK(result == expected);
      CHECK_FALSE(v.is_delimited());
      CHECK(used <= 5 + std::max(longest, message.size()) + verifier::most_extra);
      CHECK(used > longest);
    }
  }
}

TEST_CASE("verifier: looks at no more of a long message than has come of its wrong reply") {
  const auto [reply, expected] = GENERATE(table<std::string, verdict>(
      {{"\n", verdict::cut_short}, {"mm\n", verdict::cut_short}, {"mx\n", verdict::corrupt}}));
  const watched_message message;
  verifier v(framing::line);
  v.expect(message);
  std::span<const char> bytes = reply;
  CHECK(v.receive(bytes) == expected);
  CHECK(v.is_delimited());
  CHECK(message.copied <= 3 * reply.size());
}
