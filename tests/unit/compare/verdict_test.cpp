// Verdicts on figures: the winner, the contestants that cannot win, and the sentences about it.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/compare/comparisons.hpp"
#include "tools/compare/verdict.hpp"

using namespace revecho::compare;
using namespace revecho::testing;
using revecho::test::contains;
using revecho::test::StartsWith;

using names = std::vector<std::string>;

namespace {

const auto slow = ran("slow", {101, 103, 99, 102, 100});
const auto fast = ran("fast", {1010, 1030, 990, 1020, 1000});

verdict judged(std::size_t clients, std::vector<result> results, double rate = 0) {
  auto d = document_of({under(clients, std::move(results), rate)});
  judge_all(d);
  return d.scenarios.front().verdict;
}

result keeping_up(const std::string& name, double cpu_us) {
  return with(ran(name, {500, 500, 500, 500, 500}), metric::cpu_us, cpu_us);
}

} // namespace

TEST_CASE("verdict: names the winner, by how much it won, and against whom") {
  const auto v = judged(10, {slow, fast, ran("slowest", {10, 10, 10, 10, 10})});
  CHECK(v.winner == "fast");
  CHECK(v.tied == names{"fast"});
  CHECK(v.text == "fast gives most: 1.01k replies/s, 10.00 (9.77-10.23) times as many as slow (101 replies/s).");
  CHECK(v.headline == v.text);
}

TEST_CASE("verdict: can be that there is no significant difference") {
  const auto v = judged(10, {ran("a", {90, 100, 110, 120, 130}), ran("b", {95, 105, 115, 125, 135}), slow});
  CHECK(v.winner.empty());
  CHECK(v.tied == names{"b", "a", "slow"});
  CHECK_THAT(v.text,
      StartsWith("No significant difference between b, a and slow (115 replies/s") && contains("110 replies/s"));
}

TEST_CASE("verdict: says that few runs cannot show a difference, instead of that there is none") {
  const auto v = judged(10, {ran("slow", {100}), ran("fast", {1000})});
  CHECK(v.winner.empty());
  CHECK_THAT(v.text, contains("--repeat 5"));
  CHECK_THAT(judged(10, {slow, ran("as slow", {99, 100, 101, 102, 104})}).text, !contains("--repeat"));
}

TEST_CASE("verdict: takes a difference within the margin for none in practice, however sure it is") {
  const auto a = ran("a", {1000, 1001, 1002, 1003, 1004});
  const auto b = ran("b", {1012, 1013, 1014, 1015, 1016});
  auto d = document_of({under(10, {a, b})});
  judge_all(d);
  CHECK(d.scenarios.front().verdict.winner.empty());
  CHECK_THAT(d.scenarios.front().verdict.text,
      StartsWith("No practical difference between b and a (1.01k replies/s and 1k replies/s): less than 2 %."));
  d.margin = 0.01;
  judge_all(d);
  CHECK(d.scenarios.front().verdict.winner == "b");
}

TEST_CASE("verdict: needs more of a difference, the more comparisons a document makes") {
  const auto a = ran("a", {1000, 1020, 1040, 1060, 1080});
  const auto b = ran("b", {1060, 1080, 1100, 1120, 1140}); // p = 0.02
  CHECK(judged(10, {a, b}).winner == "b");
  auto d = document_of(std::vector<scenario_results>(3, under(10, {a, b})));
  judge_all(d);
  for (const auto& scenario : d.scenarios)
    CHECK(scenario.verdict.winner.empty());
}

TEST_CASE("verdict: does not let those win who left clients unserved") {
  const auto v = judged(10, {with(fast, metric::unserved, 9), slow, ran("slowest", {10, 10, 10, 10, 10})});
  CHECK(v.winner == "slow");
  CHECK(v.tied == names{"slow"});
  CHECK_THAT(v.text, StartsWith("slow gives most: 101 replies/s, 10.10 (9.90-10.30) times as many as slowest") &&
                         contains("fast left 9 of 10 clients without a single reply") &&
                         contains("1.01k replies/s are those of the only one that it served"));
}

TEST_CASE("verdict: tells in which range those without a reply were, if runs differ") {
  auto starving = with(fast, metric::unserved, 6);
  starving.runs.front()[metric::unserved] = 2;
  starving.runs.back()[metric::unserved] = 8;
  CHECK_THAT(judged(10, {starving, slow}).text, contains("fast left 6 (2-8) of 10 clients"));
}

TEST_CASE("verdict: does not call those starving of whom chance can explain it") {
  auto short_run = with(fast, metric::unserved, 6);
  for (auto& run : short_run.runs)
    run[metric::unserved] = std::nullopt;
  const auto v = judged(10, {short_run, slow});
  CHECK(v.winner == "fast");
  CHECK_THAT(v.text, !contains("without a single reply"));
}

TEST_CASE("verdict: names the only one that served everybody, if others served fewer") {
  const auto v = judged(10, {with(fast, metric::unserved, 6), slow});
  CHECK(v.winner == "slow");
  CHECK(v.headline == "slow is the only one that served every client: 101 replies/s.");
  CHECK_THAT(v.text, contains("fast left 6 of 10 clients") && contains("those of the 4 that it served"));
}

TEST_CASE("verdict: compares those who starve clients if everybody does") {
  const auto v = judged(10, {with(fast, metric::unserved, 6), with(slow, metric::unserved, 9)});
  CHECK(v.winner == "fast");
  CHECK_THAT(v.text, contains("fast left 6 of 10") && contains("slow left 9 of 10"));
}

TEST_CASE("verdict: says that nobody answered") {
  const auto v = judged(10, {ran("a", {0, 0, 0, 0, 0}), failed(ran("b", {}), "did not start")});
  CHECK(v.winner.empty());
  CHECK(v.tied.empty());
  CHECK_THAT(v.text, StartsWith("Nobody answered anything."));
  CHECK_FALSE(v.headline.empty());
}

TEST_CASE("verdict: does not say that nobody answered if nobody was asked") {
  CHECK_THAT(judged(10, {ran("a", {}), ran("b", {})}).text, !contains("Nobody") && contains("Not measured"));
}

TEST_CASE("verdict: of one contestant is its figure, without praise") {
  const auto v = judged(10, {slow});
  CHECK(v.winner == "slow");
  CHECK(v.text == "slow: 101 replies/s.");
}

TEST_CASE("verdict: names who failed, and does not praise the others for it") {
  const auto v = judged(10, {failed(fast, "3 lost, and the server is gone:\nits log"), slow});
  CHECK(v.winner == "slow");
  CHECK(v.headline == "slow: 101 replies/s.");
  CHECK_THAT(v.text, contains("fast failed: 3 lost, and the server is gone.") && !contains("its log"));

  const auto starving = judged(10, {with(slow, metric::unserved, 9), failed(ran("b", {}), "did not start")});
  CHECK_THAT(starving.text, !contains("served every client") && contains("slow left 9 of 10"));
}

TEST_CASE("verdict: judges by the cost of a reply at a fixed rate") {
  const auto v = judged(10, {keeping_up("dear", 30), keeping_up("cheap", 20)}, 500);
  CHECK(v.winner == "cheap");
  CHECK(v.text == "cheap does it for least: 20 us of CPU a reply; dear is next with 30 us of CPU a reply, 1.50 "
                  "(1.50-1.50) times as "
                  "much.");
}

TEST_CASE("verdict: judges by p99 at a fixed rate if the cost of somebody is not known") {
  const auto quick = with(ran("quick", {500, 500, 500, 500, 500}), metric::p99_us, 100);
  const auto late = with(keeping_up("late", 20), metric::p99_us, 9000);
  const auto v = judged(10, {late, quick}, 500);
  CHECK(v.winner == "quick");
  CHECK_THAT(v.text, contains("100 us at p99") && contains("late is next with 9 ms at p99"));
}

TEST_CASE("verdict: judges by the cost at a fixed rate although somebody failed, whose cost nobody knows") {
  const auto v = judged(10, {keeping_up("dear", 30), keeping_up("cheap", 20), failed(ran("c", {}), "no")}, 500);
  CHECK(v.winner == "cheap");
  CHECK_THAT(v.text, contains("20 us of CPU a reply"));
}

TEST_CASE("verdict: does not let those win at a fixed rate who did not keep up") {
  const auto tired = with(ran("tired", {300, 300, 300, 300, 300}), metric::cpu_us, 1);
  const auto v = judged(10, {tired, keeping_up("dear", 30), keeping_up("cheap", 20)}, 500);
  CHECK(v.winner == "cheap");
  CHECK_THAT(v.text, contains("tired did not keep up: 300 replies/s."));
  CHECK(judged(10, {tired, keeping_up("dear", 30)}, 500).headline ==
        "dear is the only one that kept up and served every client: 30 us of CPU a reply.");
}

TEST_CASE("verdict: says when the load tool was the limit") {
  CHECK_THAT(
      judged(10, {with(fast, metric::tool_limited, 1), slow}).text, contains("load tool itself was at its limit"));
  CHECK_THAT(judged(10, {fast, slow}).text, !contains("load tool"));
}

TEST_CASE("verdict: names a winner only where the limit of the load tool cannot change who wins") {
  const auto limited_fast = judged(10, {with(fast, metric::tool_limited, 1), slow});
  CHECK(limited_fast.winner == "fast");
  CHECK_THAT(limited_fast.text, StartsWith("fast gives most: ≥ 1.01k replies/s"));
  const auto limited_slow = judged(10, {fast, with(slow, metric::tool_limited, 1)});
  CHECK(limited_slow.winner.empty());
  CHECK(limited_slow.tied == names{"fast", "slow"});
  CHECK_THAT(limited_slow.text, StartsWith("Nobody can be named the best of fast and slow (1.01k replies/s and "
                                           "≥ 101 replies/s): the load tool was the limit."));
}

TEST_CASE("verdict: says what a reply costs each of them") {
  CHECK_THAT(judged(10, {with(fast, metric::cpu_us, 12.5), with(slow, metric::cpu_us, 30)}).text,
      contains("CPU of the server a reply: fast 12.5 us, slow 30 us."));
}

TEST_CASE("verdict: over all is a sentence for each group, of its most clients, and who starves") {
  auto d = document_of({under(1, {slow, fast}), under(10, {with(slow, metric::unserved, 9), fast})});
  d.verdicts = {"an old one"};
  judge_all(d);
  REQUIRE(d.verdicts.size() == 2);
  CHECK(d.verdicts[0] == "10 clients, no work: fast is the only one that served every client: 1.01k replies/s.");
  CHECK_THAT(d.verdicts[1], contains("of 10 clients slow served 1"));
  CHECK(d.scenarios[0].verdict.winner == "fast");
}

TEST_CASE("verdict: over all says that there was only one processor") {
  auto d = document_of({under(1, {slow, fast})});
  d.server_cpus.clear();
  d.tool_cpus.clear();
  judge_all(d);
  CHECK_THAT(d.verdicts.back(), contains("only one processor"));
}

TEST_CASE("verdict: doubts a process that used no time while somebody replied") {
  CHECK_THAT(judged(10, {with(fast, metric::cpu_us, 0), with(slow, metric::cpu_us, 3)}).text,
      contains(" The process of fast used no CPU time: is its pid that of the server?") &&
          !contains("process of slow"));
}

TEST_CASE("verdict: says nothing about the processors of servers that run already") {
  auto d = document_of({under(1, {slow, fast})});
  d.server_cpus.clear();
  for (auto& c : d.contestants)
    c.endpoint = "127.0.0.1:7000";
  judge_all(d);
  for (const auto& sentence : d.verdicts)
    CHECK_THAT(sentence, !contains("processor"));
}

TEST_CASE("verdict: of a story has a median for each row, and nothing for what never ran") {
  document d;
  d.stories = {{"s", "The title", "", {{"one by one", {1.0, 1.1, 1.2}}, {"together", {0.2}}, {"never", {}}}},
      {"t", "Cut off", "", {{"x", {}}}}};
  judge_all(d);
  CHECK(d.verdicts == names{"The title: one by one: 1.1 s; together: 200 ms."});
}

TEST_CASE("verdict: of a self-test says how often a server differed from itself") {
  auto d = document_of({under(1, {slow, slow}), under(10, {slow, fast})});
  d.self_test = true;
  judge_all(d);
  CHECK_THAT(d.verdicts.back(), StartsWith("Self-test: one server under two names differed in 1 of 2 comparisons."));
}

TEST_CASE("verdict: knows how wide the widest interval is of those who can win") {
  const auto narrow = ran("narrow", {99, 100, 100, 100, 101});
  const auto wide = ran("wide", {90, 100, 100, 100, 110});
  CHECK(std::abs(imprecision(under(10, {narrow})) - 0.01) < 1e-9);
  CHECK(std::abs(imprecision(under(10, {narrow, wide})) - 0.1) < 1e-9);
  CHECK(std::abs(imprecision(under(10, {narrow, with(wide, metric::unserved, 9)})) - 0.01) < 1e-9);
  CHECK(imprecision(under(10, {failed(ran("gone", {}), "did not start")})) == 0);
}

TEST_CASE("verdict: says that rounds drifted, by how much, and only if all loads show it") {
  const auto falling = ran("a", {1000, 980, 960, 940, 920});
  const auto also_falling = ran("b", {100, 99, 97, 94, 91});
  const auto said_of = [](std::vector<scenario_results> scenarios) {
    auto d = document_of(std::move(scenarios));
    judge_all(d);
    return d.verdicts.back();
  };
  CHECK_THAT(said_of({under(1, {falling, also_falling}), under(10, {falling})}),
      StartsWith("Later rounds were 6.") && contains(" % slower than earlier ones"));
  CHECK_THAT(said_of({under(1, {falling}), under(10, {fast}), under(100, {slow})}), !contains("Later rounds"));
  const auto rising = ran("a", {920, 940, 960, 980, 1000});
  CHECK_THAT(said_of({under(1, {falling, rising}), under(10, {rising, falling})}), !contains("Later rounds"));
}

TEST_CASE("verdict: says whose rate drifted within runs") {
  const auto v = judged(10, {with(fast, metric::drift, 0.4), with(slow, metric::drift, 0)});
  CHECK_THAT(v.text, contains(" The rate of fast rose by 40 % within its runs") && !contains("rate of slow"));
}

TEST_CASE("verdict: says in how many runs others used the servers' processors") {
  auto some = with(fast, metric::disturbed, 0);
  some.runs[1][metric::disturbed] = some.runs[3][metric::disturbed] = 1;
  CHECK_THAT(judged(10, {some, with(slow, metric::disturbed, 0)}).text,
      contains(" Others used the servers' processors in 2 of 10 runs."));
  CHECK_THAT(judged(10, {fast, slow}).text, !contains("Others used"));
}

TEST_CASE("verdict: tells of event loops of which one does more than its part") {
  const auto skewed = [](double share) {
    return with(with(ran("async(4)", {100, 101, 102, 103, 104}), metric::loops, 4), metric::busiest_loop_share, share);
  };
  const auto other = ran("sync threads", {50, 51, 52, 53, 54});
  CHECK_THAT(judged(10, {skewed(0.41), other}).text,
      contains("async(4): its busiest loop used 41 % of its CPU time; 25 % would be even."));
  CHECK_THAT(judged(10, {with(skewed(0.41), metric::busiest_loop_connections, 0.6), other}).text,
      contains("used 41 % of its CPU time, and one had 60 % of the connections; 25 % would be even."));
  CHECK_THAT(judged(10, {skewed(0.28), other}).text, !contains("busiest"));
  CHECK_THAT(judged(3, {skewed(1), other}).text, !contains("busiest")); // too few clients for all of them
}
