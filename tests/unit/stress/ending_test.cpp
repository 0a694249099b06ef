// Connections of a client that end, in every way: late, lost, cut off, and the outage until the next
// reply.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/stress/talking.hpp"

#include <string>
#include <vector>

using namespace revecho;
using namespace revecho::stress;

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
  CHECK(t.examples() == std::vector<std::string>{
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
        CHECK(t.examples().front() == "client 7 message 0: missing: the connection was closed after " +
                                          std::to_string(reply.size() - 1) + " of " + std::to_string(reply.size()) +
                                          " bytes of the reply");
      });
}

TEST_CASE("conversation: names the error that lost a reply") {
  talk t(some_work(framing::line));
  t.say(20);
  t.client.end(ending::failed, "Connection reset by peer", t.now);
  CHECK(t.outcome() == "lost 1");
  CHECK(t.examples().front() == "client 7 message 0: lost: Connection reset by peer, after 0 of 21 bytes of the reply");
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
  t.client.begin(unlimited, t.now, true);
  t.say(20);
  t.hear(t.reply(0, 20));
  t.client.end(ending::failed, "Connection reset by peer", t.now);
  CHECK(t.outcome() == "verified 1, closed early 2");
  CHECK(t.examples() == std::vector<std::string>{
                            "client 7: the server ended the connection before any message: end of stream",
                            "client 7: the server ended the connection after message 0: Connection reset by peer",
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
  t.client.miss_end(ending::late, "Connection timed out", t.now);
  t.client.miss_end(ending::failed, "Connection reset by peer", t.now);
  CHECK(t.outcome() == "lost 1, late 1");
  CHECK(t.examples().front() == "client 7: no end of stream after the last reply: Connection timed out");
}

// --- the first reply -------------------------------------------------------------------------------------------------

TEST_CASE("conversation: times the first reply of a connection, with how long connecting took") {
  talk t(some_work(framing::line, 2));
  t.client.begin(unlimited, t.now, true, 30ms);
  t.now += 5s; // until its first message is due: the tool's own time
  t.say(20, 2);
  t.now += 200ms;
  t.hear(t.reply(0, 20));
  t.now += 1s;
  t.hear(t.reply(1, 20));
  const auto& first = t.result().first_reply;
  CHECK(first.values.size() == 1);
  CHECK(first.values.max() == 230ms);
  CHECK(first.censored == 0);
}

TEST_CASE("conversation: knows the least that the first reply took if there was none") {
  talk t(some_work(framing::line, 2));
  t.client.begin(unlimited, t.now, true, 30ms);
  t.say(20, 2);
  t.now += 2s;
  const bool cut_off = GENERATE(true, false);
  t.client.end(cut_off ? ending::cut_off : ending::closed, "", t.now);
  const auto& first = t.result().first_reply;
  CHECK(first.values.size() == 1);
  CHECK(first.values.max() == (cut_off ? 2030ms : 10'030ms)); // a lost one is as bad as one that comes too late
  CHECK(first.censored == 1);
}

TEST_CASE("conversation: counts no first reply that nobody asked for, or of which the beginning is not known") {
  talk t(some_work(framing::line));
  t.client.begin(unlimited, t.now, true, 30ms);
  t.client.end(ending::cut_off, "", t.now);
  t.client.begin(unlimited, t.now, true);
  t.say(20);
  t.hear(t.reply(0, 20));
  CHECK(t.result().first_reply.values.size() == 0);
}

TEST_CASE("conversation: counts an attempt to connect that failed among those without a first reply") {
  talk t(some_work(framing::line));
  t.client.end(ending::closed, "", t.now);
  t.client.fail_to_begin(t.now, t.now + 50ms, "refused");
  CHECK(t.result().first_reply.values.size() == 1);
  CHECK(t.result().first_reply.censored == 1);
  CHECK(t.result().first_reply.values.max() == 10s);
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
  t.client.begin(unlimited, t.now, true);
  t.say(20);
  t.now += 300ms;
  t.hear(t.reply(2, 20));
  t.client.finish(t.now);
  REQUIRE(t.result().outages().size() == 1);
  const auto outage = t.result().outages().front();
  CHECK(outage.start == 1s);
  CHECK(outage.duration == 600ms);
  CHECK(outage.connections == 1);
  CHECK(outage.lost == 2);
  CHECK(t.result().connect_failed == 1);
  CHECK(t.result().connect.values.max() >= 10s); // at least the time-out: a failure is not fast
  CHECK_THAT(t.examples().back(), test::contains("client 7: cannot connect to localhost:1: refused"));
}

TEST_CASE("conversation: records an outage that lasts to the end") {
  talk t(some_work(framing::line));
  t.client.fail_to_begin(start_of_level + 1s, start_of_level + 2s, "refused");
  t.client.finish(start_of_level + 3s);
  REQUIRE(t.result().outages().size() == 1);
  CHECK(t.result().outages().front().start == 1s);
  CHECK(t.result().outages().front().duration == 2s);
}

TEST_CASE("conversation: ends an interruption with the next connection if nothing is due by then") {
  talk t(some_work(framing::line));
  t.say(20);
  t.now += 1s;
  t.client.end(ending::closed, "", t.now);
  t.now += 55ms;
  t.client.begin(unlimited, t.now, false);
  t.now += 8s; // in which the client thinks
  t.say(20);
  t.hear(t.reply(1, 20));
  t.client.finish(t.now);
  REQUIRE(t.result().outages().size() == 1);
  CHECK(t.result().outages().front().duration == 1055ms);
  CHECK(t.result().outages().front().lost == 1);
}

TEST_CASE("conversation: takes an idle connection that the peer closes for no outage, if the next one comes at once") {
  auto work = some_work(framing::line);
  work.reconnect = true;
  talk t(work);
  t.say(20);
  t.hear(t.reply(0, 20));
  t.now += 5s;
  t.client.end(ending::closed, "", t.now);
  CHECK(t.result().closed_idle == 1);
  CHECK(t.result().closed_early == 0);
  t.now += 1ms;
  t.client.begin(unlimited, t.now, false);
  t.now += 5s;
  t.client.finish(t.now);
  CHECK(t.result().outages().empty());
}

TEST_CASE("conversation: records the time without a path from when an idle connection was closed") {
  auto work = some_work(framing::line);
  work.reconnect = true;
  talk t(work);
  t.now += 5s;
  t.client.end(ending::closed, "", t.now);
  t.client.fail_to_begin(t.now, t.now, "refused");
  t.client.fail_to_begin(t.now + 30ms, t.now + 30ms, "refused");
  t.now += 60ms;
  t.client.begin(unlimited, t.now, false);
  REQUIRE(t.result().outages().size() == 1);
  CHECK(t.result().outages().front().start == 5s);
  CHECK(t.result().outages().front().duration == 60ms);
  CHECK(t.result().connect.values.size() == 1); // attempts of one outage are one connection that took long
}

TEST_CASE("conversation: takes a long silence for an interruption, and the next message's for another") {
  auto work = some_work(framing::line);
  work.shortest_outage = 200ms;
  talk t(work);
  for (int i = 0; i < 20; ++i) {
    t.say(20);
    t.now += i == 5 || i == 6 ? 200ms : 199ms;
    t.hear(t.reply(static_cast<std::uint64_t>(i), 20));
  }
  CHECK(t.result().interruptions.size() == 2);
  CHECK(t.result().outages().empty()); // all replies take that long: the server is slow
}
