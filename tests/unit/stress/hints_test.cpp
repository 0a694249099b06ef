// Hints: which patterns of faults have one, and that others have none.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/stress/talking.hpp"
#include "tools/stress/hints.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace revecho;
using namespace revecho::stress;
using namespace std::string_literals;
using test::contains;

namespace {

std::vector<std::string> hints(talk& t) {
  const auto& r = t.result();
  return hints_of(r.seen, r.verified, r.lost + r.late, t.work.framing_kind);
}

std::string reversed(std::string_view text) { return {text.rbegin(), text.rend()}; }

constexpr std::string_view header = "PROXY TCP4 10.0.0.1 10.0.0.2 40000 7000\r\n";

bool has_header(std::string_view text) { return has_proxy_header({text.data(), text.size()}); }

} // namespace

TEST_CASE("hints: there are none without connections, and none without faults") {
  CHECK(hints_of({}, 0, 0, framing::line).empty());
  talk t(some_work(framing::line));
  t.say(20);
  t.hear(t.reply(0, 20));
  t.client.end(ending::closed, "", t.now);
  CHECK(hints(t).empty());
}

TEST_CASE("hints: ask for the half-close if every loss came after one, and most of them failed") {
  auto work = some_work(framing::line);
  work.half_close = true;
  talk t(work);
  t.say(20);
  t.hear(t.reply(0, 20));
  t.say(20);
  t.client.half_close();
  t.client.end(ending::reset, "Connection reset by peer", t.now);
  REQUIRE(hints(t).size() == 1);
  CHECK_THAT(hints(t).front(), contains("does the path forward a half-close?"));
  for (int i = 0; i < 2; ++i) { // two that end well
    t.client.begin(unlimited, t.now, true);
    t.client.half_close();
    t.client.end(ending::closed, "", t.now);
  }
  CHECK(hints(t).empty());
}

TEST_CASE("hints: do not ask for the half-close if a loss came without one") {
  talk t(some_work(framing::line));
  t.say(20);
  t.hear(t.reply(0, 20));
  t.client.half_close();
  t.client.miss_end(ending::late, "Connection timed out", t.now);
  CHECK(hints(t).size() == 1);
  t.client.begin(unlimited, t.now, true);
  t.say(20);
  t.client.end(ending::closed, "", t.now);
  CHECK(hints(t).empty());
}

TEST_CASE("hints: know a PROXY header in both directions, and in both versions") {
  const std::string all(header);
  const auto signature = "\r\n\r\n\0\r\nQUIT\n!"s;
  CHECK(has_header(all));
  CHECK(has_header(reversed(all)));
  CHECK(has_header("abc" + reversed(all) + "def"));
  CHECK(has_header(reversed("PROXY UNKNOWN\r\n")));
  CHECK(has_header(signature));
  CHECK(has_header(reversed(signature)));
  CHECK(has_header("TIUQ")); // a line of it
  for (const std::string other : {"", "PROXY", "YXORP", "QUIT", "TIUQa", "aTIUQ"})
    CHECK_FALSE(has_header(other));
}

TEST_CASE("hints: name the PROXY header that a server answers") {
  talk line(some_work(framing::line));
  line.say(64);
  line.hear(reversed(header.substr(0, header.size() - 1)) + '\n' + line.reply(0, 64));
  REQUIRE(hints(line).size() == 1);
  CHECK_THAT(hints(line).front(), contains("the path sends a PROXY header"));

  talk raw(some_work(framing::raw)); // in the same read as the message: the right reply, and more
  raw.say(64);
  raw.hear(reversed(std::string(header) + message_of(this_client, 0, 64)));
  CHECK(raw.outcome() == "verified 1, extra bytes 1");
  CHECK(hints(raw).size() == 1);

  talk eof(some_work(framing::eof));
  eof.say(64);
  eof.hear(reversed(std::string(header) + message_of(this_client, 0, 64)));
  eof.client.end(ending::closed, "", eof.now);
  CHECK(eof.outcome() == "extra bytes 1");
  CHECK(hints(eof).size() == 1);
}

TEST_CASE("hints: ask for the framing if it came back reversed") {
  const framing f = GENERATE(framing::line, framing::length);
  talk t(some_work(f));
  t.say(64);
  t.hear(reversed(frame_of(f, message_of(this_client, 0, 64))));
  t.client.end(ending::late, "10 s", t.now);
  REQUIRE_FALSE(hints(t).empty());
  CHECK_THAT(hints(t).front(), contains("the framing came back reversed") &&
                                   contains("does the server speak --framing " + std::string(to_string(f)) + "?"));
}

TEST_CASE("hints: ask what the port wants if every connection was ended before any reply") {
  const auto how = GENERATE(ending::closed, ending::reset);
  talk t(some_work(framing::line));
  t.say(20);
  t.client.end(how, "", t.now);
  REQUIRE(hints(t).size() == 1);
  CHECK_THAT(
      hints(t).front(), contains("does the port want TLS or a PROXY header, or does the server speak --framing line?"));
  t.client.begin(unlimited, t.now, true);
  t.say(20);
  t.hear(t.reply(1, 20).substr(0, 1)); // a byte
  t.client.end(how, "", t.now);
  CHECK(hints(t).empty());
}

TEST_CASE("hints: ask for the framing if no byte came on any connection") {
  talk t(some_work(framing::length));
  t.say(20);
  t.client.end(ending::late, "10 s", t.now);
  REQUIRE(hints(t).size() == 1);
  CHECK_THAT(hints(t).front(), contains("nobody sent a byte back: does the server speak --framing length?"));
  t.client.begin(unlimited, t.now, true);
  t.say(20);
  t.hear(t.reply(1, 20));
  CHECK(hints(t).empty());
}

TEST_CASE("hints: there are none for other wrong replies") {
  talk t(some_work(framing::length, 2));
  t.say(20, 2);
  t.hear(frame_of(framing::length, "no") + frame_of(framing::length, std::string(20, '!')));
  CHECK(t.outcome() == "corrupt 2");
  CHECK(hints(t).empty());
}
