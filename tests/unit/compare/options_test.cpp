// The command line of revecho-compare, without measuring anything.
#include "tests/support/capture.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"

#include "shared/options/command_line.hpp"
#include "tools/compare/options.hpp"
#include "tools/processors.hpp"

#include <fmt/format.h>

#include <optional>
#include <unistd.h>
#include <utility>

using namespace revecho;
using namespace revecho::compare;
using namespace std::chrono_literals;
using revecho::test::contains;

using words = std::vector<std::string>;

namespace {

struct answer {
  std::optional<compare_options> options;
  std::optional<int> exit_code;
  std::string out;
  std::string err;
};

answer parsed(const words& arguments) {
  std::vector<const char*> argv{"/some/where/revecho-compare"};
  for (const auto& argument : arguments)
    argv.push_back(argument.c_str());
  answer a;
  testing::captured out(STDOUT_FILENO);
  testing::captured err(STDERR_FILENO);
  try {
    a.options = parse_compare_options(static_cast<int>(argv.size()), argv.data());
  } catch (const early_exit& exit) {
    a.exit_code = exit.code;
  }
  a.err = err.text();
  a.out = out.text();
  return a;
}

compare_options options_with(const words& arguments) {
  auto a = parsed(arguments);
  INFO(a.err);
  REQUIRE(a.options);
  CHECK(a.out + a.err == "");
  return *a.options;
}

words names_of(const compare_options& o) {
  words all;
  for (const auto& c : o.contestants)
    all.push_back(c.name);
  return all;
}

} // namespace

TEST_CASE("compare options: know every model, and how it is started") {
  const auto all = parse_models(
      "sync iterative,sync threads,sync pool,sync pool(3),async,async(2),sync pool(1024),async(1),epoll,epoll(2)");
  REQUIRE(all.size() == 10);
  const std::string sync = "revecho-sync-server";
  const std::string async = "revecho-async-server";
  const std::string epoll = "revecho-epoll-server";
  const std::vector<std::tuple<std::string, std::string, words>> expected{
      {"sync iterative", sync, {"--model", "iterative"}}, {"sync threads", sync, {"--model", "threads"}},
      {"sync pool(10)", sync, {"--model", "pool", "--threads", "10"}},
      {"sync pool(3)", sync, {"--model", "pool", "--threads", "3"}}, {"async(1)", async, {"--threads", "1"}},
      {"async(2)", async, {"--threads", "2"}}, {"sync pool(1024)", sync, {"--model", "pool", "--threads", "1024"}},
      {"async(1)", async, {"--threads", "1"}}, {"epoll(1)", epoll, {"--threads", "1"}},
      {"epoll(2)", epoll, {"--threads", "2"}}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    CHECK(std::tie(all[i].name, all[i].program, all[i].arguments) == expected[i]);
    CHECK_FALSE(all[i].running);
  }
}

TEST_CASE("compare options: refuse what is no model") {
  for (const std::string bad :
      {"", "sync", "async(0)", "async(1025)", "async()", "async(x)", "async(2", "async(2)x", "epoll(0)",
          "sync threads(2)", "sync iterative(1)", "Async", "async,", ",async", "async, sync threads", "pool(2)"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_models(bad), std::invalid_argument);
    const auto a = parsed({"--models", bad});
    CHECK(a.exit_code == exit_usage);
    CHECK_THAT(a.err, contains("--models"));
  }
}

TEST_CASE("compare options: take a running server by name and endpoint") {
  const auto c = parse_running("the old one=[::1]:7000");
  CHECK(c.name == "the old one");
  CHECK(c.program.empty());
  CHECK(c.running == endpoint{"::1", 7000});
  CHECK(parse_running("<i>|&\u00e9 \xff=1").name == "<i>|&\u00e9 \xff");
}

TEST_CASE("compare options: take the process of a running server") {
  const auto own = std::to_string(::getpid());
  const auto c = parse_running("a=[::1]:7000,pid=" + own);
  CHECK(c.running == endpoint{"::1", 7000});
  REQUIRE(c.process);
  CHECK(c.process->number == ::getpid());
  CHECK(c.process->started > 0);
  CHECK(c.process->program == "compare_unit_te"); // as long as the kernel keeps it
  CHECK_FALSE(parse_running("a=7000").process);
  for (const std::string bad : {"a=1,pid=", "a=1,pid=0", "a=1,pid=-1", "a=1,pid=x", "a=1,pid=1,pid=2", "a=,pid=1"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_running(bad), std::invalid_argument);
  }
  const auto a = parsed({"--against", "a=1,pid=4194305"}); // above the highest number that Linux gives
  CHECK(a.exit_code == exit_usage);
  CHECK_THAT(a.err, contains("--against: there is no process 4194305 on this machine"));
}

TEST_CASE("compare options: refuse a running server without a name, or an endpoint, or with a name that is none") {
  for (const std::string bad : {"", "7000", "=7000", "a=", "a=0", "a=host", "a=1:2:3", "a=65536", "a=b=1", "a\nb=1",
           "\x1b[31m=1", "\t=1", "a\x7f=1"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_running(bad), std::invalid_argument);
    const auto a = parsed({"--against", bad});
    CHECK(a.exit_code == exit_usage);
    CHECK_THAT(a.err, contains("--against"));
  }
}

TEST_CASE("compare options: make each of our servers a contestant for each transport") {
  const auto names = [](const words& options) {
    words all;
    for (const auto& who : options_with(options).contestants)
      all.push_back(who.name + (who.on_unix ? " on unix" : ""));
    return all;
  };
  CHECK(names({"--models", "async,sync threads", "--transport", "tcp,unix"}) ==
        words{"async(1)", "async(1) unix on unix", "sync threads", "sync threads unix on unix"});
  CHECK(names({"--models", "epoll", "--transport", "unix", "--against", "it=7000"}) ==
        words{"epoll(1) unix on unix", "it"});
  CHECK(names({"--transport", "unix"}).size() == names({}).size());
}

TEST_CASE("compare options: refuse transports that are none, or there twice, or for nobody") {
  for (const auto& [bad, reason] :
      std::vector<std::pair<words, std::string>>{{{"--transport", "udp"}, "'udp' is not tcp or unix"},
          {{"--transport", "unix,unix"}, "'unix' is there twice"},
          {{"--against", "a=1", "--transport", "unix"}, "name some with --models"},
          {{"--story", "limit", "--transport", "unix"}, "no --transport"},
          {{"--self-test", "--transport", "tcp,unix"}, "--self-test takes one --transport"}}) {
    const auto a = parsed(bad);
    CAPTURE(bad);
    CHECK(a.exit_code == exit_usage);
    CHECK_THAT(a.err, contains(reason));
  }
}

TEST_CASE("compare options: have a name once") {
  for (const words& bad : {words{"--models", "async,async(1)"}, words{"--against", "a=1", "--against", "a=2"},
           words{"--models", "async", "--against", "async(1)=7000"}}) {
    const auto a = parsed(bad);
    CAPTURE(bad);
    CHECK(a.exit_code == exit_usage);
    CHECK_THAT(a.err, contains("two contestants are called " + std::string(bad[1] == "a=1" ? "a" : "async(1)")));
  }
}

TEST_CASE("compare options: have a load once") {
  const std::vector<std::tuple<std::string, std::string, std::string>> table{{"--clients", "10,1,10", "'10'"},
      {"--delay", "0,1ms,1ms", "'1ms'"}, {"--size", "64,64", "'64'"}, {"--framing", "line,raw,line", "'line'"}};
  for (const auto& [option, bad, twice] : table) {
    const auto a = parsed({option, bad});
    CAPTURE(option, bad, a.err);
    CHECK(a.exit_code == exit_usage);
    CHECK(a.out == "");
    CHECK_THAT(a.err, contains(option) && contains(twice + " is there twice"));
  }
}

TEST_CASE("compare options: send one thing to stdout") {
  CHECK(options_with({"--report", "-"}).report == "-");
  const auto a = parsed({"--json", "-", "--report", "-"});
  CHECK(a.exit_code == exit_usage);
  CHECK_THAT(a.err, contains("--json") && contains("--report") && contains("stdout"));
}

TEST_CASE("compare options: have all models take part, unless told who") {
  const auto all = names_of(options_with({}));
  for (const std::string name : {"sync iterative", "sync threads", "sync pool(10)", "async(1)", "epoll(1)"})
    CHECK(std::count(all.begin(), all.end(), name) == 1);
  CHECK(names_of(options_with({"--models", "async,sync threads"})) == words{"async(1)", "sync threads"});
  CHECK(names_of(options_with({"--against", "a=1", "--against", "b=2"})) == words{"a", "b"});
  CHECK(names_of(options_with({"--against", "a=1", "--models", "async"})) == words{"async(1)", "a"});
}

TEST_CASE("compare options: make a scenario of each combination, those of one group together") {
  const auto o = options_with(
      {"--clients", "1,10", "--delay", "0,exp:5ms", "--size", "1,2KiB", "--framing", "line,length", "--rate", "500"});
  REQUIRE(o.scenarios.size() == 16);
  CHECK(
      o.scenarios[0].name == "1 client, no wait in each request, messages of 1, framing line, 500 messages/s offered");
  CHECK(o.scenarios[1].name.starts_with("10 clients, no wait"));
  CHECK(o.scenarios[1].group == o.scenarios[0].group);
  CHECK(o.scenarios[2].group != o.scenarios[0].group);
  const auto& last = o.scenarios.back();
  CHECK(last.clients == 10);
  CHECK(last.delay == "exp:5ms");
  CHECK(last.work.framing_kind == framing::length);
  CHECK(last.work.size.largest() == 2048);
  CHECK(last.work.rate == 500);
}

TEST_CASE("compare options: take sessions, pipelines and half-closes of the load tool") {
  const auto o = options_with({"--models", "async", "--framing", "line", "--delay", "0", "--clients", "1", "--session",
      "exp:20", "--pipeline", "4", "--half-close"});
  REQUIRE(o.scenarios.size() == 1);
  CHECK(o.scenarios[0].name == "1 client, no wait in each request, framing line, 4 messages in flight per connection, "
                               "exp:20 messages per connection, half-closed");
  CHECK(o.scenarios[0].work.pipeline == 4);
  CHECK(o.scenarios[0].work.session->text() == "exp:20");
  CHECK(o.scenarios[0].work.half_close);
}

TEST_CASE("compare options: do not speak of waits in servers that are running already, unless beside ours") {
  const auto running = options_with({"--against", "a=1", "--against", "b=2", "--clients", "3"});
  REQUIRE(running.scenarios.size() == 1);
  CHECK(running.scenarios[0].name == "3 clients, messages of 64, framing raw");
  CHECK(running.scenarios[0].delay == "");
  const auto mixed = options_with({"--against", "a=1", "--models", "async", "--clients", "3"});
  REQUIRE(mixed.scenarios.size() == 1);
  CHECK(mixed.scenarios[0].name == "3 clients, no wait in each request");
  CHECK(mixed.scenarios[0].delay == "0");
}

TEST_CASE("compare options: have the documented defaults") {
  const auto o = options_with({});
  REQUIRE(o.scenarios.size() == 8);
  CHECK(o.repeat == 5);
  CHECK(o.precision == 0.03);
  CHECK(o.budget == 2min);
  CHECK(o.contestants.size() == 8);
  CHECK(o.duration == 250ms);
  CHECK(o.json + o.report == "");
  CHECK(o.join.empty());
  CHECK_FALSE(o.quiet);
  CHECK(o.command == "revecho-compare");
}

TEST_CASE("compare options: remember the command so that it can be pasted") {
  CHECK(options_with({"--models", "sync pool(2)", "--against", "it's=1"}).command ==
        "revecho-compare --models 'sync pool(2)' --against 'it'\\''s=1'");
}

TEST_CASE("compare options: tell stories, with what is said besides") {
  CHECK(options_with({"--story", "five-requests"}).timed_stories == words{"five-requests"});
  CHECK(options_with({"--story", "five-requests"}).scenarios.empty());
  CHECK(options_with({"--story", "limit"}).repeat == 3);
  CHECK(options_with({"--story", "limit", "--repeat", "1"}).repeat == 1);
  const auto crowd = options_with({"--story", "crowd", "--clients", "7"});
  REQUIRE(crowd.scenarios.size() == 1);
  CHECK(crowd.scenarios[0].clients == 7);
  CHECK_FALSE(crowd.scenarios[0].work.think.is_zero());
  CHECK(crowd.duration == 2s);
  const auto neighbor = options_with({"--story", "slow-neighbor", "--framing", "eof"});
  REQUIRE(neighbor.scenarios.size() == 1);
  CHECK(neighbor.scenarios[0].has_staller);
  CHECK(neighbor.scenarios[0].work.framing_kind == framing::eof);
}

TEST_CASE("compare options: refuse bad values, naming the option") {
  const std::vector<std::pair<words, words>> table{{{"--clients", "0"}, {"--clients"}},
      {{"--clients", "1,,2"}, {"--clients"}}, {{"--delay", "soon"}, {"--delay", "duration"}},
      {{"--delay", "1ms,"}, {"--delay"}}, {{"--size", "x"}, {"--size"}}, {{"--size", "1MiB"}, {"--size", "--framing"}},
      {{"--framing", "raw,lines"}, {"--framing", "'lines'"}}, {{"--rate", "0"}, {"--rate"}},
      {{"--duration", "0"}, {"--duration"}}, {{"--repeat", "0"}, {"--repeat", "from 1 to 1000"}},
      {{"--repeat", "1001"}, {"--repeat"}}, {{"--story", "once"}, {"--story", "five-requests", "limit"}},
      {{"--session", "0"}, {"--session"}}, {{"--pipeline", "0"}, {"--pipeline"}},
      {{"--pipeline", "2"}, {"--pipeline", "line or length"}}, // the framing is raw
      {{"--framing", "line,eof", "--session", "2"}, {"--session", "eof"}}, {{"--join"}, {"--join"}},
      {{"--merge"}, {"--merge", "--join"}}, {{"more"}, {"more"}}, {{"--bogus"}, {"--bogus"}},
      {{"--against", "a=1", "--delay", "1ms"}, {"--against", "--delay"}},
      {{"--against", "a=1", "--story", "crowd"}, {"--against", "story"}},
      {{"--against", "a=1", "--story", "limit"}, {"--against", "story"}}};
  for (const auto& [arguments, expected] : table) {
    const auto a = parsed(arguments);
    CAPTURE(arguments, a.err);
    CHECK(a.exit_code == exit_usage);
    CHECK(a.out == "");
    for (const auto& word : expected)
      CHECK_THAT(a.err, contains(word));
  }
}

TEST_CASE("compare options: refuse contestants and loads for stories that have their own") {
  for (const std::string story : {"five-requests", "limit"})
    for (const words& other : {words{"--models", "async"}, words{"--session", "5"}, words{"--pipeline", "5"},
             words{"--clients", "5"}, words{"--delay", "1ms"}, words{"--size", "5"}, words{"--framing", "line"},
             words{"--rate", "5"}, words{"--duration", "1s"}}) {
      const auto a = parsed({"--story", story, other[0], other[1]});
      CAPTURE(story, other);
      CHECK(a.exit_code == exit_usage);
      CHECK_THAT(a.err, contains(story) && contains(other[0]));
    }
  CHECK(options_with({"--story", "limit"}).contestants.empty());
}

TEST_CASE("compare options: split lists at commas, and keep what is empty") {
  CHECK(split_list("a") == words{"a"});
  CHECK(split_list("a, b,") == words{"a", " b", ""});
  CHECK(split_list("") == words{""});
}

TEST_CASE("compare options: put one server under two names for a self-test") {
  const auto names_of = [](const words& arguments) {
    words names;
    for (const auto& who : options_with(arguments).contestants)
      names.push_back(who.name);
    return names;
  };
  CHECK(names_of({"--self-test"}) == words{"async(1) A", "async(1) B"});
  CHECK(names_of({"--self-test", "--models", "sync threads"}) == words{"sync threads A", "sync threads B"});
  CHECK(
      options_with({"--self-test"}).contestants[0].arguments == options_with({"--self-test"}).contestants[1].arguments);
  CHECK(parsed({"--self-test", "--models", "sync threads,async"}).exit_code == 2);
  CHECK(parsed({"--self-test", "--against", "a=7000"}).exit_code == 2);
}

TEST_CASE("compare options: go on with runs unless their number is all that was asked for") {
  CHECK(options_with({}).goes_on);
  CHECK(options_with({}).repeat == 5);
  CHECK_FALSE(options_with({"--repeat", "7"}).goes_on);
  const auto asked = options_with({"--repeat", "7", "--precision", "1.5%"});
  CHECK(asked.goes_on);
  CHECK(asked.precision == 0.015);
  CHECK(options_with({"--repeat", "7", "--budget", "10s"}).budget == 10s);
  CHECK_FALSE(options_with({"--story", "limit"}).goes_on);
  CHECK(parsed({"--precision", "3"}).exit_code == 2);
}

TEST_CASE("compare options: make a scenario for each number of processors of the server") {
  const auto o = options_with({"--server-cpus", "1", "--clients", "1,2", "--delay", "0"});
  REQUIRE(o.scenarios.size() == 2);
  CHECK(o.scenarios.front().server_cpus == std::size_t{1});
  CHECK_THAT(o.scenarios.front().name, contains("server on 1 processor"));
  CHECK_FALSE(options_with({}).scenarios.front().server_cpus);
  CHECK(options_with({"--server-cpus", "N"}).scenarios.front().server_cpus == revecho::usable_processors().size());
  const auto all = revecho::usable_processors().size();
  CHECK_THAT(parsed({"--server-cpus", "100000"}).err, contains(fmt::format("are more than the {} that may", all)));
  const auto named = options_with({"--server-cpus", fmt::format("{},N", all), "--clients", "1", "--delay", "0"});
  CHECK(named.scenarios.size() == 1); // N is a number that is there already
  CHECK(parsed({"--server-cpus", "1,1"}).exit_code == 2);
  CHECK(parsed({"--server-cpus", "0"}).exit_code == 2);
  CHECK_THAT(
      parsed({"--server-cpus", "1", "--against", "a=1"}).err, contains("--against") && contains("--server-cpus"));
}

TEST_CASE("compare options: have as many event loops take part as the server has processors") {
  const auto all = revecho::usable_processors().size();
  const auto names = names_of(options_with({"--server-cpus", "1,N"}));
  const auto loops = fmt::format("async({})", all > 1 ? all : 2);
  CHECK(std::count(names.begin(), names.end(), "async(1)") == 1);
  CHECK(std::count(names.begin(), names.end(), loops) == 1);
  CHECK(names.size() == 8);
  CHECK(names_of(options_with({"--server-cpus", "N", "--models", "async"})) == words{"async(1)"});
}
