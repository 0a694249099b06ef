// What a client makes of the bytes that come, and of those that do not: right replies, sessions, half-close, the end.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/stress/talking.hpp"

#include <string>
#include <string_view>

using namespace revecho;
using namespace revecho::stress;

TEST_CASE("conversation: sends messages that say whose they are, each in its frame") {
  const framing f = GENERATE(framing::line, framing::length);
  talk t(some_work(f, 3));
  t.say(20, 5);
  CHECK(t.said == frame_of(f, message_of(this_client, 0, 20)) + frame_of(f, message_of(this_client, 1, 20)) +
                      frame_of(f, message_of(this_client, 2, 20)));
  CHECK(t.client.started() == 3);
  CHECK(t.result().sent == 3);
}

TEST_CASE("conversation: verifies a right reply") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length);
  const std::size_t size = GENERATE(1, 2, 13, 15, 64);
  check_every_way(
      some_work(f), [&](talk& t) { t.say(size); }, reply_to(f, this_client, 0, size), "verified 1");
}

TEST_CASE("conversation: verifies a raw reply in pieces, and says so") {
  const auto reply = message_of(this_client, 0, 40);
  const std::string front(reply.rend() - 15, reply.rend());
  const std::string back(reply.rbegin(), reply.rend() - 15);
  check_every_way(
      some_work(framing::raw), [](talk& t) { t.say(40); }, front + back, "verified 1, split 1");
}

TEST_CASE("conversation: keeps as many messages under way as the pipeline has room for") {
  talk t(some_work(framing::line, 3));
  t.say(20, 9);
  CHECK(t.client.started() == 3);
  CHECK(t.hear(t.reply(0, 20) + t.reply(1, 20)) == 2);
  t.say(20, 9);
  CHECK(t.client.started() == 5);
  check_every_way(
      some_work(framing::line, 3), [](talk& s) { s.say(20, 3); }, t.reply(0, 20) + t.reply(1, 20) + t.reply(2, 20),
      "verified 3");
}

TEST_CASE("conversation: answers stay in order over a long talk in a pipeline") {
  talk t(some_work(framing::length, 4));
  std::uint64_t heard = 0;
  for (int round = 0; round < 50; ++round) {
    t.say(15, 4);
    for (int i = 0; i < 1 + round % 4; ++i, ++heard)
      t.hear(t.reply(heard, 15));
  }
  CHECK(t.outcome() == "verified " + std::to_string(heard));
  CHECK(t.client.replies() == heard);
}

TEST_CASE("conversation: measures from the time of sending, and from the time a message was due") {
  auto work = some_work(framing::line);
  work.rate = 100;
  talk t(work);
  std::string out;
  t.client.start(t.now + 1s, t.now + 1s + 20ms, 20, out);
  t.now += 1s + 50ms;
  t.hear(t.reply(0, 20));
  const auto& r = t.result();
  CHECK(r.messages == 1);
  CHECK(r.answered == 1);
  CHECK(r.answering == 30ms);
  CHECK(r.longest_stall == 30ms);
  CHECK(r.service.values.max() == 30ms);
  CHECK(r.response.values.max() == 50ms);
  CHECK(r.wait.values.max() == 20ms);
  CHECK(t.client.last_reply() == t.now);
}

TEST_CASE("conversation: counts only what is within the window") {
  auto work = some_work(framing::line);
  work.warmup = 1s;
  work.duration = 1s;
  talk t(work);
  for (std::uint64_t i = 0; i < 3; ++i, t.now += 1s) { // before it, in it, after it
    t.say(20);
    t.hear(t.reply(i, 20));
  }
  CHECK(t.outcome() == "verified 3");
  CHECK(t.result().messages == 1);
  CHECK(t.result().answered == 1);
  CHECK(t.client.replies() == 1);
}

TEST_CASE("conversation: knows whether the server has all of the oldest message") {
  talk t(some_work(framing::line, 2));
  std::string out;
  t.client.start(t.now, t.now, 20, out);
  t.client.start(t.now, t.now, 20, out);
  t.client.count_written(20);
  CHECK_FALSE(t.client.is_answerable());
  t.client.count_written(1);
  CHECK(t.client.is_answerable());
  t.hear(t.reply(0, 20));
  CHECK_FALSE(t.client.is_answerable());
}

TEST_CASE("conversation: is over when the session's messages are answered") {
  talk t(some_work(framing::line));
  t.client.begin(2);
  t.say(20);
  t.hear(t.reply(0, 20));
  CHECK_FALSE(t.client.is_over(true));
  t.say(20);
  CHECK_FALSE(t.client.may_start());
  CHECK_FALSE(t.client.is_over(true));
  t.hear(t.reply(1, 20));
  CHECK(t.client.is_over(true));
  CHECK_FALSE(t.client.may_start());
  t.client.begin(1);
  CHECK(t.client.may_start());
}

TEST_CASE("conversation: is over when nothing is owed and there are no more messages") {
  talk t(some_work(framing::line));
  CHECK(t.client.is_over(false));
  t.say(20);
  CHECK_FALSE(t.client.is_over(false));
  t.hear(t.reply(0, 20));
  CHECK(t.client.is_over(false));
  CHECK_FALSE(t.client.is_over(true));
}

TEST_CASE("conversation: half-closes once, after the last message of a connection") {
  auto work = some_work(framing::line);
  work.half_close = true;
  talk t(work);
  t.client.begin(1);
  CHECK_FALSE(t.client.wants_half_close(true));
  CHECK(t.client.wants_half_close(false));
  t.say(20);
  CHECK(t.client.wants_half_close(true));
  t.client.half_close();
  CHECK_FALSE(t.client.wants_half_close(true));
  CHECK_FALSE(t.client.may_start());
}

TEST_CASE("conversation: does not half-close unless the workload says so") {
  talk t(some_work(framing::line));
  CHECK_FALSE(t.client.wants_half_close(false));
}

TEST_CASE("conversation: takes a closed connection for orderly once it has half-closed") {
  auto work = some_work(framing::line);
  work.half_close = true;
  talk t(work);
  t.client.begin(1);
  t.say(20);
  t.client.half_close();
  t.hear(t.reply(0, 20));
  t.client.end(ending::closed, "", t.now);
  CHECK(t.outcome() == "verified 1");
}

TEST_CASE("conversation: verifies an eof reply when the stream ends") {
  check_every_way(
      some_work(framing::eof),
      [](talk& t) {
        t.client.begin(1);
        t.say(20);
        CHECK(t.client.wants_half_close(true));
        t.client.half_close();
      },
      reply_to(framing::eof, this_client, 0, 20), "verified 1",
      [](talk& t) {
        CHECK(t.outcome().empty());
        CHECK(t.client.end(ending::closed, "", t.now) == 1);
        CHECK_FALSE(t.client.is_broken());
      });
}

TEST_CASE("conversation: calls an eof reply short that ends early, and lost without any byte") {
  talk t(some_work(framing::eof));
  t.say(20);
  t.hear(t.reply(0, 20).substr(0, 19));
  t.client.end(ending::closed, "", t.now);
  CHECK(t.outcome() == "short 1");
  CHECK_FALSE(t.client.is_broken());
  t.client.begin(1);
  t.say(20);
  t.client.end(ending::closed, "", t.now);
  CHECK(t.outcome() == "short 1, lost 1");
}

// --- the end ---------------------------------------------------------------------------------------------------------

TEST_CASE("conversation: says when the oldest reply has to be complete") {
  talk t(some_work(framing::line, 2));
  CHECK_FALSE(t.client.deadline());
  t.say(20);
  t.now += 1s;
  t.say(20);
  CHECK(t.client.deadline() == start_of_level + 10s);
  t.hear(t.reply(0, 20));
  CHECK(t.client.deadline() == start_of_level + 11s);
}

TEST_CASE("conversation: counts the oldest reply as late, and those after it as lost") {
  talk t(some_work(framing::line, 3));
  t.say(20, 3);
  t.hear(t.reply(0, 20).substr(0, 5));
  t.now += 10s;
  CHECK(t.client.end(ending::late, "10 s", t.now) == 0);
  CHECK(t.outcome() == "lost 2, late 1");
  CHECK(t.client.is_broken());
  CHECK(t.client.is_over(true));
  CHECK_FALSE(t.client.may_start());
  CHECK(t.result().service.censored == 3);
  CHECK(t.result().examples ==
        std::vector<std::string>{
            "client 7 message 0: late: no more after 5 of 21 bytes of the reply in 10 s",
            "client 7 message 1: lost: an earlier reply was late, after 0 of 21 bytes of the reply",
            "client 7 message 2: lost: an earlier reply was late, after 0 of 21 bytes of the reply",
        });
}

TEST_CASE("conversation: counts replies as lost that a closed connection leaves owed") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length);
  const auto reply = reply_to(f, this_client, 0, 20);
  check_every_way(
      some_work(f), [](talk& t) { t.say(20); }, reply.substr(0, reply.size() - 1), "lost 1",
      [&](talk& t) {
        t.client.end(ending::closed, "", t.now);
        CHECK(t.result().examples.front() == "client 7 message 0: missing: the connection was closed after " +
                                                 std::to_string(reply.size() - 1) + " of " +
                                                 std::to_string(reply.size()) + " bytes of the reply");
      });
}

TEST_CASE("conversation: names the error that lost a reply") {
  talk t(some_work(framing::line));
  t.say(20);
  t.client.end(ending::failed, "Connection reset by peer", t.now);
  CHECK(t.outcome() == "lost 1");
  CHECK(t.result().examples.front() ==
        "client 7 message 0: lost: Connection reset by peer, after 0 of 21 bytes of the reply");
}

TEST_CASE("conversation: calls a reply corrupt that was wrong before the connection ended") {
  const auto how = GENERATE(ending::closed, ending::failed, ending::late);
  talk t(some_work(framing::length));
  t.say(20);
  t.hear(std::string("\0\0\0\x14!", 5));
  t.client.end(how, "some reason", t.now);
  CHECK(t.outcome() == "corrupt 1");
  CHECK(t.client.is_broken());
}

TEST_CASE("conversation: counts a connection as closed early that owes nothing") {
  talk t(some_work(framing::line));
  t.client.end(ending::closed, "", t.now);
  CHECK(t.outcome() == "closed early 1");
  t.client.begin(unlimited);
  t.say(20);
  t.hear(t.reply(0, 20));
  t.client.end(ending::failed, "Connection reset by peer", t.now);
  CHECK(t.outcome() == "verified 1, closed early 2");
  CHECK(
      t.result().examples == std::vector<std::string>{
                                 "client 7: the server ended the connection before any message: end of stream",
                                 "client 7: the server ended the connection behind message 0: Connection reset by peer",
                             });
}

TEST_CASE("conversation: counts what is cut off as unfinished, and as nobody's fault") {
  talk t(some_work(framing::line, 3));
  t.say(20, 3);
  t.now += 2s;
  t.client.end(ending::cut_off, "Operation canceled", t.now);
  CHECK(t.outcome().empty());
  CHECK(t.result().service.censored == 3);
  CHECK(t.result().longest_stall == 2s);
  CHECK_FALSE(t.client.is_owed());
}

TEST_CASE("conversation: counts nothing of what the user interrupts") {
  talk t(some_work(framing::line, 3));
  t.say(20, 3);
  t.client.end(ending::interrupted, "Operation canceled", t.now);
  CHECK(t.outcome().empty());
  CHECK(t.result().service.censored == 0);
}

TEST_CASE("conversation: counts an end that does not come after the last reply") {
  talk t(some_work(framing::line));
  t.client.miss_end(ending::late, "Connection timed out");
  t.client.miss_end(ending::failed, "Connection reset by peer");
  CHECK(t.outcome() == "lost 1, late 1");
  CHECK(t.result().examples.front() == "client 7: no end of the stream behind the last reply: Connection timed out");
}

// --- outages ---------------------------------------------------------------------------------------------------------

TEST_CASE("conversation: records an outage from the lost message to the next right reply") {
  talk t(some_work(framing::line, 2));
  t.now += 1s;
  t.say(20, 2);
  t.now += 100ms;
  t.client.end(ending::closed, "", t.now);
  t.client.fail_to_begin(t.now, t.now + 50ms, "cannot connect to localhost:1: refused");
  t.now += 200ms;
  t.client.begin(unlimited);
  t.say(20);
  t.now += 300ms;
  t.hear(t.reply(2, 20));
  t.client.finish(t.now);
  REQUIRE(t.result().outages.size() == 1);
  const auto& outage = t.result().outages.front();
  CHECK(outage.start == 1s);
  CHECK(outage.duration == 600ms);
  CHECK(outage.connections == 1);
  CHECK(outage.lost == 2);
  CHECK(t.result().connect_failed == 1);
  CHECK(t.result().connect.values.max() >= 10s); // at least the time-out: a failure is not fast
  CHECK_THAT(t.result().examples.back(), test::contains("client 7: cannot connect to localhost:1: refused"));
}

TEST_CASE("conversation: records an outage that lasts to the end") {
  talk t(some_work(framing::line));
  t.client.fail_to_begin(start_of_level + 1s, start_of_level + 2s, "refused");
  t.client.finish(start_of_level + 3s);
  REQUIRE(t.result().outages.size() == 1);
  CHECK(t.result().outages.front().start == 1s);
  CHECK(t.result().outages.front().duration == 2s);
}
