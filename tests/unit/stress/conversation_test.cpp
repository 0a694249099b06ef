// Messages of a client, and right replies to them: pipelines, sessions, half-close, times.
#include "tests/support/catch.hpp"
#include "tests/unit/stress/talking.hpp"

#include <string>

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

TEST_CASE("conversation: makes large messages in parts, and keeps the order of those after them") {
  const framing f = GENERATE(framing::line, framing::length);
  constexpr std::size_t large = 1'000'003;
  constexpr std::size_t most_at_once = 300'000;
  talk t(some_work(f, 4));
  t.say(20);
  t.say(large);
  t.say(20);
  t.say(large);
  CHECK(t.said == frame_of(f, message_of(this_client, 0, 20)));
  while (t.client.has_unmade()) {
    std::string part;
    t.client.append_more(part);
    CHECK((!part.empty() && part.size() < most_at_once));
    t.said += part;
  }
  CHECK((t.said == frame_of(f, message_of(this_client, 0, 20)) + frame_of(f, message_of(this_client, 1, large)) +
                       frame_of(f, message_of(this_client, 2, 20)) + frame_of(f, message_of(this_client, 3, large))));
  t.hear(t.reply(0, 20) + t.reply(1, large) + t.reply(2, 20) + t.reply(3, large));
  CHECK(t.outcome() == "verified 4");
  t.say(20); // at once again
  CHECK_FALSE(t.client.has_unmade());
}

TEST_CASE("conversation: verifies a right reply") {
  const framing f = GENERATE(framing::raw, framing::line, framing::length);
  const std::size_t size = GENERATE(1U, 2U, 13U, 15U, 64U);
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

TEST_CASE("conversation: takes from a net response what the load tool was late, and nothing else") {
  auto work = some_work(framing::line);
  work.rate = 100;
  work.nets = true;
  talk t(work);
  const auto due = t.now;
  std::uint64_t sequence = 0;
  const auto exchange = [&](auto intended, auto sent, auto read, auto lay_for) {
    std::string out;
    t.client.start(due + intended, due + sent, 20, out);
    t.results.count_unread(lay_for, due + sent, due + read);
    t.now = due + read;
    t.hear(t.reply(sequence++, 20));
    return t.result().net_response.values.max();
  };
  CHECK(exchange(0ms, 30ms, 31ms, 0ms) == 1ms);   // sent late: 1 ms of the server
  CHECK(exchange(10ms, 31ms, 33ms, 0ms) == 2ms);  // late because the one before it was
  CHECK(exchange(40ms, 40ms, 60ms, 17ms) == 3ms); // read late
  CHECK(exchange(70ms, 70ms, 95ms, 0ms) == 25ms); // the server took long
  CHECK(exchange(71ms, 95ms, 97ms, 0ms) == 26ms); // and so this one could not be sent before
  CHECK(exchange(200ms, 200ms, 201ms, 0ms) == 26ms);
  CHECK(t.result().response.values.max() == 31ms);
  CHECK(t.result().net_response.values.size() == 6);
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

TEST_CASE("conversation: is over when the session's messages are answered") {
  talk t(some_work(framing::line));
  t.client.begin(2, t.now, true);
  t.say(20);
  t.hear(t.reply(0, 20));
  CHECK_FALSE(t.client.is_over(true));
  t.say(20);
  CHECK_FALSE(t.client.may_start());
  CHECK_FALSE(t.client.is_over(true));
  t.hear(t.reply(1, 20));
  CHECK(t.client.is_over(true));
  CHECK_FALSE(t.client.may_start());
  t.client.begin(1, t.now, true);
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
  t.client.begin(1, t.now, true);
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
  t.client.begin(1, t.now, true);
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
        t.client.begin(1, t.now, true);
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
  t.client.begin(1, t.now, true);
  t.say(20);
  t.client.end(ending::closed, "", t.now);
  CHECK(t.outcome() == "short 1, lost 1");
}
