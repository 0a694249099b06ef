// Every kind of wrong reply: what it is called, what it does to the messages under way, and what is said of it.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/stress/talking.hpp"

#include <string>

using namespace revecho;
using namespace revecho::stress;
using revecho::test::contains;

namespace {

// In line and length, in a pipeline of two: `wrong` comes instead of the first reply, then the right second one.
void check_takes_place(framing f, const std::string& wrong, const std::string& kind) {
  CAPTURE(kind);
  check_every_way(
      some_work(f, 2), [](talk& t) { t.say(20, 2); }, frame_of(f, wrong) + reply_to(f, this_client, 1, 20),
      "verified 1, " + kind + " 1",
      [](talk& t) {
        CHECK_FALSE(t.client.is_owed());
        CHECK_FALSE(t.client.is_broken());
      });
}

std::string reversed(std::string text) { return {text.rbegin(), text.rend()}; }

const std::string right = reversed(message_of(this_client, 0, 20));

} // namespace

TEST_CASE("conversation: names a reply that echoes the message unchanged") {
  const framing f = GENERATE(framing::line, framing::length);
  check_takes_place(f, message_of(this_client, 0, 20), "echoed unchanged");
}

TEST_CASE("conversation: names a reply that is short") {
  const framing f = GENERATE(framing::line, framing::length);
  const std::size_t size = GENERATE(0U, 1U, 19U);
  check_takes_place(f, right.substr(0, size), "short");
}

TEST_CASE("conversation: names a reply with extra bytes") {
  const framing f = GENERATE(framing::line, framing::length);
  check_takes_place(f, right + "!", "extra bytes");
}

TEST_CASE("conversation: names a reply with one wrong byte") {
  const framing f = GENERATE(framing::line, framing::length);
  for (std::size_t i = 0; i < right.size(); ++i) {
    auto wrong = right;
    wrong[i] = '!';
    check_takes_place(f, wrong, "corrupt");
  }
}

TEST_CASE("conversation: names a reply that is another connection's") {
  const framing f = GENERATE(framing::line, framing::length);
  const std::size_t size = GENERATE(20U, 33U);
  check_takes_place(f, reversed(message_of(8, 3, size)), "other connection's");
}

TEST_CASE("conversation: names a reply that repeats the last one") {
  const framing f = GENERATE(framing::line, framing::length);
  const std::size_t size = GENERATE(2U, 9U, 20U); // the first two have no room to say which they are
  const auto first = reply_to(f, this_client, 0, size);
  check_every_way(
      some_work(f, 2), [&](talk& t) { t.say(size, 2); }, first + first + reply_to(f, this_client, 1, size),
      "verified 2, repeated 1", [](talk& t) { CHECK_FALSE(t.client.is_owed()); });
}

TEST_CASE("conversation: names a reply that repeats one of the four before, if it is too small to say which") {
  for (std::uint64_t back = 1; back <= 5; ++back) {
    talk t(some_work(framing::line));
    for (std::uint64_t i = 0; i < 6; ++i) {
      t.say(9);
      t.hear(t.reply(i, 9));
    }
    t.say(9);
    t.hear(t.reply(6 - back, 9));
    CAPTURE(back);
    CHECK(t.outcome() == (back < 5 ? "verified 6, repeated 1" : "verified 6, corrupt 1"));
    CHECK(t.client.is_owed() == (back < 5));
  }
}

TEST_CASE("conversation: names a reply that came before its turn, and takes those before it for lost") {
  const framing f = GENERATE(framing::line, framing::length);
  check_every_way(
      some_work(f, 3), [](talk& t) { t.say(20, 3); }, reply_to(f, this_client, 2, 20), "out of order 1, lost 2",
      [](talk& t) {
        CHECK_FALSE(t.client.is_owed());
        CHECK_FALSE(t.client.is_broken());
        CHECK(t.result().service.censored == 2);
      });
}

TEST_CASE("conversation: calls skipped messages not lost any more when their replies come later") {
  const framing f = GENERATE(framing::line, framing::length);
  check_every_way(
      some_work(f, 4), [](talk& t) { t.say(20, 4); },
      reply_to(f, this_client, 2, 20) + reply_to(f, this_client, 0, 20) + reply_to(f, this_client, 1, 20) +
          reply_to(f, this_client, 3, 20),
      "verified 1, out of order 3");
}

TEST_CASE("conversation: names a skipped reply that comes twice out of order once, and then repeated") {
  talk t(some_work(framing::line, 3));
  t.say(20, 3);
  t.hear(t.reply(1, 20) + t.reply(0, 20) + t.reply(0, 20) + t.reply(2, 20));
  CHECK(t.outcome() == "verified 1, repeated 1, out of order 2");
}

TEST_CASE("conversation: does not wait for messages that were never sent") {
  talk t(some_work(framing::line, 2));
  t.say(20, 2);
  t.hear(t.reply(99, 20) + t.reply(1, 20));
  CHECK(t.outcome() == "verified 1, out of order 1");
}

TEST_CASE("conversation: tells how many messages wrong replies have answered") {
  talk t(some_work(framing::line, 3));
  t.say(20, 3);
  CHECK(t.hear("short\n") == 1);      // takes the place of the first
  CHECK(t.hear(t.reply(0, 20)) == 0); // repeated, as it seems: the second may still come
  CHECK(t.hear(t.reply(1, 20) + "a\n") == 2);
}

TEST_CASE("conversation: names what is wrong with a raw reply") {
  const auto check = [](const std::string& reply, const std::string& outcome) {
    check_every_way(
        some_work(framing::raw), [](talk& t) { t.say(20); }, reply, outcome);
  };
  check(message_of(this_client, 0, 20), "echoed unchanged 1");
  check(std::string(20, '!'), "corrupt 1");
  check(reversed(message_of(8, 0, 20)), "other connection's 1");
}

TEST_CASE("conversation: names what is wrong with an eof reply") {
  const auto check = [](const std::string& reply, const std::string& outcome) {
    check_every_way(
        some_work(framing::eof), [](talk& t) { t.say(20); }, reply, outcome,
        [](talk& t) { t.client.end(ending::closed, "", t.now); });
  };
  check(message_of(this_client, 0, 20), "echoed unchanged 1");
  check(right.substr(0, 7), "short 1");
  check(right + "!", "extra bytes 1");
  check(std::string(20, '!'), "corrupt 1");
  check(reversed(message_of(8, 0, 20)), "other connection's 1");
}

TEST_CASE("conversation: shows where a reply differs, and whose it is") {
  talk t(some_work(framing::line));
  t.say(64);
  auto wrong = reversed(message_of(this_client, 0, 64));
  wrong[32] = '!';
  t.hear(wrong + '\n');
  CHECK_THAT(t.examples().front(), contains("client 7 message 0: wrong reply: corrupt\n    expected … at 24: ") &&
                                       contains("\n    came     … at 24: ") && contains(" 21 "));
  t.say(20);
  t.hear(reply_to(framing::line, 9, 4, 20));
  CHECK_THAT(t.examples().back(), contains("client 7 message 1: wrong reply: other connection's\n") &&
                                      contains("\n    which answers client 9 message 4"));
}

TEST_CASE("conversation: has no more use for a connection whose reply does not end, and loses the rest") {
  const framing f = GENERATE(framing::line, framing::length);
  talk t(some_work(f, 3));
  t.say(20, 3);
  t.hear((f == framing::length ? std::string("\x3f\xff\xff\xff", 4) : "") + std::string(100'000, 'x'));
  CHECK(t.outcome() == "corrupt 1, lost 2");
  CHECK(t.client.is_broken());
  CHECK_THAT(t.examples().back(), contains("lost: the wrong reply before it has no end, after 0 of 2"));
}

// --- unasked bytes ---------------------------------------------------------------------------------------------------

TEST_CASE("conversation: names bytes that nobody asked for, and has no more use for the connection") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length);
  talk t(some_work(f));
  t.say(20);
  t.hear(t.reply(0, 20) + "!?");
  CHECK(t.outcome() == "verified 1, extra bytes 1");
  CHECK(t.client.is_broken());
  CHECK(t.examples().front() == "client 7: wrong reply: extra bytes: 21 3f after the reply to message 0");
}

TEST_CASE("conversation: names bytes that come before any message") {
  talk t(some_work(framing::line));
  t.hear(std::string("220 ready\n"));
  CHECK(t.outcome() == "extra bytes 1");
  CHECK_THAT(t.examples().front(),
      contains("client 7: wrong reply: extra bytes: 32 32 30") && contains(" before any message"));
}

TEST_CASE("conversation: names a reply that nobody asked for, and goes on") {
  const framing f = GENERATE(framing::line, framing::length);
  talk t(some_work(f));
  t.say(20);
  t.hear(t.reply(0, 20));
  t.hear(t.reply(0, 20));
  CHECK(t.outcome() == "verified 1, repeated 1");
  t.hear(reply_to(f, 8, 0, 20));
  CHECK(t.outcome() == "verified 1, repeated 1, other connection's 1");
  t.hear(frame_of(f, "whatever this is"));
  CHECK(t.outcome() == "verified 1, extra bytes 1, repeated 1, other connection's 1");
  CHECK_FALSE(t.client.is_broken());
  t.say(20);
  t.hear(t.reply(1, 20));
  CHECK(t.outcome() == "verified 2, extra bytes 1, repeated 1, other connection's 1");
}

TEST_CASE("conversation: names a skipped reply out of order that comes when nothing is owed") {
  talk t(some_work(framing::line, 2));
  t.say(20, 2);
  t.hear(t.reply(1, 20));
  t.hear(t.reply(0, 20));
  CHECK(t.outcome() == "out of order 2");
}

TEST_CASE("conversation: knows the reply of an earlier connection") {
  talk t(some_work(framing::line));
  t.say(20);
  t.hear(t.reply(0, 20));
  t.client.begin(unlimited, t.now, true);
  t.hear(t.reply(0, 20));
  CHECK(t.outcome() == "verified 1, repeated 1");
}
