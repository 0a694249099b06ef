// Single faults: which are kept, and how they read.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/stress/talking.hpp"
#include "tools/stress/events.hpp"
#include "tools/stress/output.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>

using namespace revecho;
using namespace revecho::stress;

namespace {

void add(incidents& to, fault kind, std::uint64_t client, std::chrono::nanoseconds at = {}) {
  if (to.count(kind)) to.keep({.kind = kind, .at = start_of_level + at, .client = client, .what = "something"});
}

level_result level_with(incidents faults) {
  level_result level;
  level.faults = std::move(faults);
  level.begun = start_of_level;
  level.started = std::chrono::system_clock::time_point(1'769'860'800s); // 2026-01-31 12:00
  return level;
}

} // namespace

TEST_CASE("incidents: counts all, and keeps the first few of each kind") {
  incidents some;
  for (std::uint64_t i = 0; i < 9; ++i)
    add(some, fault::reset, i);
  add(some, fault::late, 42);
  CHECK(some.count_of(fault::reset) == 9);
  REQUIRE(some.examples(fault::reset).size() == incidents::most_examples);
  CHECK(some.examples(fault::reset).back()->client == 2);
  REQUIRE(some.examples(fault::late).size() == 1);
  CHECK(some.examples(fault::late).front()->client == 42);
  CHECK(some.kept().size() == 4);
}

TEST_CASE("incidents: keeps the first of all threads, in order of time") {
  incidents one;
  incidents other;
  for (std::uint64_t i = 0; i < 9; ++i) {
    add(one, fault::closed, i, 10ms * (2 * i));
    add(other, fault::closed, 100 + i, 10ms * (2 * i + 1));
  }
  one.merge(other);
  CHECK(one.count_of(fault::closed) == 18);
  const auto first = one.examples(fault::closed);
  REQUIRE(first.size() == 3);
  CHECK(first[0]->client == 0);
  CHECK(first[1]->client == 100);
  CHECK(first[2]->client == 1);
}

TEST_CASE("incidents: keeps as many as it was told, and counts the others") {
  incidents some;
  some.keep_all(100);
  for (std::uint64_t i = 0; i < 150; ++i)
    add(some, fault::closed, i);
  add(some, fault::late, 1); // the first of its kind, though there is no room
  CHECK(some.kept().size() == 101);
  CHECK(some.left_out() == 50);
  some.drop_kept();
  CHECK(some.kept().size() == 4);
  CHECK(some.count_of(fault::closed) == 150);
}

TEST_CASE("events: say at the end how many were left out") {
  incidents some;
  some.keep_all(10);
  for (std::uint64_t i = 0; i < 25; ++i)
    add(some, fault::closed, i);
  auto level = level_with(some);
  level.clients = 7;
  level.ends.keep_all(2);
  for (std::uint64_t i = 0; i < 5; ++i)
    level.ends.add({.at = start_of_level + 1ms, .client = i, .kind = "done", .messages = 3});
  std::string text;
  write_events(level, [&](std::string_view lines) { text += lines; });
  CHECK(std::count(text.begin(), text.end(), '\n') == 1 + 10 + 2 + 1);
  CHECK_THAT(text, test::StartsWith(R"({"time":"2026-01-31T12:00:00.000000Z","event":"begin","clients":7})"
                                    "\n"));
  CHECK_THAT(text, test::EndsWith(R"({"event":"left out","faults":15,"ends":3,"outages":0})"
                                  "\n"));
}

TEST_CASE("events: keep no ends of connections unless they are asked for") {
  for (const bool asked : {false, true}) {
    auto work = some_work(framing::line);
    work.keeps_events = asked;
    talk t(work);
    t.say(20);
    t.hear(t.reply(0, 20));
    t.now += 2s;
    t.client.close(21, t.now);
    REQUIRE(t.result().ends.kept().size() == (asked ? 1U : 0U));
    if (!asked) continue;
    const auto& end = t.result().ends.kept().front();
    CHECK(end.kind == "done");
    CHECK(end.message == 0U);
    CHECK(end.messages == 1);
    CHECK(end.sent_bytes == 21);
    CHECK(end.received_bytes == 21);
    CHECK(end.lasted == 2s);
    t.client.begin(unlimited, t.now, true);
    t.client.end(ending::reset, "Connection reset by peer", t.now);
    t.client.close(0, t.now);
    CHECK(t.result().ends.kept().back().kind == "reset");
    CHECK(t.result().ends.kept().back().what == "Connection reset by peer");
    CHECK_FALSE(t.result().ends.kept().back().message);
  }
}

TEST_CASE("incidents: every kind has a name of its own, and a figure that counts it") {
  const std::set<std::string_view> figures{"wrong", "lost", "late", "connect_failed", "closed_early"};
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    const auto kind = static_cast<fault>(i);
    names.insert(to_string(kind));
    CHECK(figures.count(figure_of(kind)) == 1);
    CHECK((figure_of(kind) == "wrong") == (i < wrong_kinds));
  }
  CHECK(names.size() == fault_kinds);
  CHECK(names.count("?") == 0);
}

TEST_CASE("incidents: say when, between which addresses, whose and what") {
  incidents some;
  REQUIRE(some.count(fault::reset));
  some.keep({.kind = fault::reset,
      .at = start_of_level + 1234567891ns,
      .client = 3,
      .path = {socket_address::parse("127.0.0.1", 40000), socket_address::parse("::1", 7000)},
      .message = 27,
      .what = "lost: reset, after 0 of 65 bytes of the reply",
      .expected_bytes = 65});
  add(some, fault::refused, 4, 2s);
  const auto level = level_with(some);
  CHECK(
      fault_lines(level) ==
      std::vector<std::string>{"1 lost: connection reset.",
          "2026-01-31T12:00:01.234567Z 127.0.0.1:40000 to [::1]:7000: client 3 message 27: lost: reset, after 0 of 65 "
          "bytes of the reply",
          "1 unconnected: refused.", "2026-01-31T12:00:02.000000Z: client 4: something"});
  const auto json = faults_json(level);
  REQUIRE(json.size() == 2);
  CHECK(json[0]["event"] == "lost");
  CHECK(json[0]["kind"] == "connection reset");
  CHECK(json[0]["count"] == 1);
  CHECK(json[0]["examples"][0] ==
        nlohmann::ordered_json{{"time", "2026-01-31T12:00:01.234567Z"}, {"event", "lost"}, {"kind", "connection reset"},
            {"client", 3}, {"local", "127.0.0.1:40000"}, {"remote", "[::1]:7000"}, {"message", 27},
            {"what", "lost: reset, after 0 of 65 bytes of the reply"}, {"expected_bytes", 65}, {"received_bytes", 0}});
  CHECK(json[1]["examples"][0]["local"].is_null());
  CHECK(json[1]["examples"][0]["message"].is_null());
}

TEST_CASE("incidents: say how many more there were") {
  incidents some;
  for (std::uint64_t i = 0; i < 5; ++i)
    add(some, fault::closed_early, i);
  const auto lines = fault_lines(level_with(some));
  REQUIRE(lines.size() == 5);
  CHECK(lines.front() == "5 closed early: nothing was owed.");
  CHECK(lines.back() == "And 2 more like these.");
}

TEST_CASE("incidents: a wrong reply shows both replies, and whose it is") {
  talk t(some_work(framing::line));
  t.say(20);
  t.hear(reply_to(framing::line, 9, 4, 20));
  const auto json = faults_json(t.result());
  REQUIRE(json.size() == 1);
  const auto& example = json[0]["examples"][0];
  CHECK(example["kind"] == "other connection's");
  CHECK(example["message"] == 0);
  CHECK(example["answers"] == nlohmann::ordered_json{{"client", 9}, {"message", 4}});
  CHECK(example["expected_bytes"] == 21);
  CHECK(example["received_bytes"] == 21);
  CHECK(example["expected"] != example["received"]);
}

TEST_CASE("incidents: a connection that ends before its first message has no message") {
  talk t(some_work(framing::line));
  t.client.end(ending::closed, "", t.now);
  t.client.begin(unlimited, t.now, true);
  t.hear("220 ready\n");
  t.client.fail_to_begin(t.now, t.now, "refused", fault::refused);
  t.client.miss_end(ending::late, "Connection timed out", t.now);
  REQUIRE(t.result().faults.kept().size() == 4);
  for (const auto& each : t.result().faults.kept()) {
    CHECK_FALSE(each.message);
    CHECK_THAT(words_of(each), !test::contains("18446744073709551615"));
  }
}

TEST_CASE("incidents: agree with the figures, also if a skipped reply comes after all") {
  talk t(some_work(framing::line, 3));
  t.say(20, 3);
  t.hear(t.reply(2, 20));
  CHECK(t.result().lost == 2);
  CHECK(t.result().lost_outside_outages == 2);
  CHECK(t.result().faults.count_of(fault::overtaken) == 2);
  t.hear(t.reply(0, 20));
  CHECK(t.result().lost == 1);
  CHECK(t.result().lost_outside_outages == 1);
  CHECK(t.result().faults.count_of(fault::overtaken) == 1);
}
