// revecho-compare as a process: who takes part, under which loads, and the figures.
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tools/child.hpp"
#include "tools/processors.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <initializer_list>
#include <mutex>
#include <sched.h>
#include <sys/wait.h>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

const std::string every_model = "sync iterative,sync threads,sync pool(2),async(1),async(2),epoll(1)";

// On a busy machine a client may be without a reply for a tenth of a second, and then the run fails.
words shortly(const words& more, const std::string& duration = "300ms") {
  words all{"--duration", duration, "--repeat", "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

} // namespace

TEST_CASE("compare: sets all models side by side in every framing, and says what was seen") {
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(framing);
  const auto end =
      compare(shortly({"--models", every_model, "--framing", framing, "--clients", "1,3", "--delay", "1ms"}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(end.errors.empty());
  CHECK_THAT(end.output,
      contains("1 client, a wait of 1ms in each request") && contains("3 clients, a wait of 1ms in each request"));
  for (const std::string name : {"sync iterative", "sync threads", "sync pool(2)", "async(1)", "async(2)", "epoll(1)"})
    CHECK_THAT(end.output, contains("  " + name + "  "));
  CHECK_THAT(end.output, contains("server") && contains("p99") && contains("unserved") && contains("CPU/reply") &&
                             contains("switches") && contains("threads") && contains("per conn."));
  CHECK_THAT(unwrapped(end.output), contains("Medians of 1 run of 300 ms each"));
}

TEST_CASE("compare: knows what its own servers cost") {
  const auto end =
      compare(shortly({"--models", every_model, "--clients", "3", "--delay", "0", "--framing", "line", "--json", "-"}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  CHECK(scenario["results"].size() == 6);
  for (const auto& r : scenario["results"]) {
    CAPTURE(r["contestant"]);
    CHECK(r["failure"].is_null());
    REQUIRE(r["runs"].size() == 1);
    const auto& run = r["runs"][0];
    for (const auto& item : run.items()) {
      const std::string& metric = item.key();
      const auto& value = item.value();
      CAPTURE(metric);
      const auto is_of = [&](std::initializer_list<const char*> kinds) {
        return std::any_of(kinds.begin(), kinds.end(), [&](const char* kind) { return metric.starts_with(kind); });
      };
      const bool may_be_unknown = // of too few replies, or too little time, or without processors of its own
          is_of({"p9", "first_reply_p", "accept_p", "cpu_", "processor_", "disturbed", "context_switches", "loops",
              "busiest_loop_"});
      if (may_be_unknown && value.is_null()) continue;
      if (metric == "memory_per_connection_bytes") {
        CHECK(value.is_null()); // three connections are too few to tell
        continue;
      }
      CHECK(value.is_number());
      CHECK((value >= 0 || metric == "drift")); // on a busy machine the rate may fall
      CHECK(r["summary"][metric]["median"] == value);
    }
    for (const auto* positive : {"rate", "replies", "p50_us", "max_us", "cpu_us", "peak_memory_bytes", "threads"})
      CHECK(run[positive] > 0);
    CHECK(run["wrong"] == 0);
    CHECK(run["lost"] == 0);
  }
  CHECK(result_of(scenario, "sync threads")["runs"][0]["threads"] > 3); // one for each client
}

TEST_CASE("compare: tells how the server's time divides, and its memory for a connection, where enough is behind it") {
  const auto end =
      compare(shortly({"--models", "sync threads", "--clients", "40", "--delay", "0", "--json", "-"}, "1s"));
  CAPTURE(end.output, end.errors);
  const auto run = result_of(scenario_of(end), "sync threads")["runs"][0];
  if (run["unserved"] > 0) SKIP_TEST("the machine is busy: not every client was served");
  CHECK(run["memory_per_connection_bytes"] > 1000); // its stack, at least
  CHECK(run["context_switches"] > 0);
  const double all = run["cpu_us"];
  if (all * run["replies"].get<double>() < 300e3) SKIP_TEST("the server had too little of a processor");
  CHECK(std::abs(run["cpu_user_us"].get<double>() + run["cpu_system_us"].get<double>() - all) < 0.01);
}

TEST_CASE("compare: tells how event loops share the work") {
  const auto end = compare(
      shortly({"--models", "async(1),async(2),epoll(2),sync pool(2)", "--clients", "20", "--delay", "0", "--json", "-"},
          "500ms"));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  for (const std::string name : {"async(1)", "sync pool(2)"}) {
    const auto run = result_of(scenario, name)["runs"][0];
    CHECK(run["loops"].is_null());
    CHECK(run["busiest_loop_share"].is_null());
    CHECK(run["busiest_loop_connections"].is_null());
  }
  for (const std::string name : {"async(2)", "epoll(2)"}) {
    const auto run = result_of(scenario, name)["runs"][0];
    CHECK(run["loops"] == 2);
    CHECK(run["busiest_loop_connections"] >= 0.5);
    CHECK(run["busiest_loop_connections"] <= 1);
    if (run["busiest_loop_share"].is_null()) SKIP_TEST("the server had too little of a processor, or nobody counts it");
    CHECK(run["busiest_loop_share"] > 0.45); // of two; the other threads have next to nothing to do
    CHECK(run["busiest_loop_share"] <= 1);
  }
}

TEST_CASE("compare: marks runs in which others had the server's processors, and makes them once more") {
  const words load{
      "--models", "async", "--clients", "2", "--delay", "10ms", "--duration", "500ms", "--repeat", "5", "--json", "-"};
  const auto cpus = nlohmann::json::parse(compare(load).output)["config"]["server_cpus"];
  if (cpus.is_null()) SKIP_TEST("there is only one processor");
  std::vector<int> others;
  for (const int cpu : cpus)
    others.push_back(revecho::start_child("/bin/sh", {"-c", "while :; do :; done"}, {.cpus = {cpu}}));
  const auto end = compare(load);
  for (const int other : others) {
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
  }
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(result_of(scenario_of(end), "async(1)")["runs"][0]["disturbed"] == 1);
  CHECK(nlohmann::json::parse(end.output)["config"]["repeated_runs"] >= 1);
}

TEST_CASE("compare: shows whom a server leaves unserved, and does not let it win") {
  const auto end = compare({"--models", "sync iterative,sync threads", "--clients", "5", "--delay", "1ms", "--duration",
      "300ms", "--repeat", "1", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  CHECK(result_of(scenario, "sync iterative")["runs"][0]["unserved"] == 4);
  CHECK(result_of(scenario, "sync threads")["runs"][0]["unserved"] == 0);
  CHECK(scenario["verdict"]["winner"] == "sync threads");
  CHECK_THAT(scenario["verdict"]["text"], contains("sync iterative left 4 of 5 clients"));
}

TEST_CASE("compare: does not know what servers cost that are running already, and says so") {
  const scripted_server one(honest("line"));
  const scripted_server other(honest("line"));
  const words options = shortly({"--against", "one=" + one.address(), "--against", "the other=" + other.address(),
                                    "--framing", "line", "--clients", "2"},
      "1s");
  const auto shown = compare(options);
  CAPTURE(shown.output, shown.errors);
  CHECK(shown.exit_code == 0);
  CHECK_THAT(unwrapped(shown.output),
      contains("Costs of a server not started by this program are unknown") && contains("the other"));

  auto as_json = options;
  as_json.insert(as_json.end(), {"--json", "-"});
  const auto end = compare(as_json);
  const auto document = document_of(end);
  CHECK(document["contestants"][0]["endpoint"] == one.address());
  for (const std::string name : {"one", "the other"}) {
    const auto run = result_of(scenario_of(end), name)["runs"][0];
    for (const auto* unknown : {"cpu_us", "cpu_user_us", "cpu_system_us", "context_switches", "threads",
             "peak_memory_bytes", "memory_per_connection_bytes"})
      CHECK(run[unknown].is_null());
    for (const auto* known : {"rate", "replies", "p50_us", "unserved"})
      CHECK(run[known].is_number());
  }
}

TEST_CASE("compare: says of running servers only what is known of them") {
  const scripted_server one(honest("line"));
  const words options = shortly(
      {"--against", "one=" + one.address(), "--against", "two=" + one.address(), "--framing", "line", "--clients", "2"},
      "1s");
  const auto shown = compare(options);
  CAPTURE(shown.output, shown.errors);
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.output, StartsWith("2 clients, messages of 64, framing line\n"));
  const auto told = unwrapped(shown.output.substr(0, shown.output.find("–: not known"))); // then comes the machine
  for (const std::string untrue : {"work", " a wait ", "its processors", "servers shared", "CPU/reply", "of all",
           "switches", "threads", "memory", "per conn.", "accept"})
    CHECK_THAT(told, !contains(untrue));
  auto as_json = options;
  as_json.insert(as_json.end(), {"--json", "-"});
  const auto document = document_of(compare(as_json));
  CHECK(document["scenarios"][0]["delay"].is_null());
  CHECK(document["config"]["server_cpus"].is_null());
}

TEST_CASE("compare: takes a running server on an IPv6 address") {
  const server_process server(variants().back(), {}, {"[::1]:0"});
  const auto end =
      compare(shortly({"--against", "six=[::1]:" + std::to_string(server.port()), "--clients", "2", "--json", "-"}));
  CAPTURE(end.errors);
  CHECK(end.exit_code == 0);
  CHECK(result_of(scenario_of(end), "six")["runs"][0]["replies"] > 0);
}

TEST_CASE("compare: takes the same server twice, and ours beside it") {
  const scripted_server server(honest("raw"));
  const auto end = compare(shortly({"--models", "async", "--against", "a=" + server.address(), "--against",
                                       "b=" + server.address(), "--clients", "2", "--json", "-"},
      "1s"));
  CAPTURE(end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  for (const std::string name : {"a", "b", "async(1)"})
    CHECK(result_of(scenario, name)["runs"][0]["replies"] > 0);
  CHECK(result_of(scenario, "async(1)")["runs"][0]["cpu_us"].is_number());
}

TEST_CASE("compare: alternates the contestants, A B C, C B A") {
  std::mutex mutex;
  std::string order;
  const auto noting = [&](char name) {
    return [&, name, talk = honest("line")](peer& client) {
      if (const std::lock_guard lock(mutex); true) order += name;
      talk(client);
    };
  };
  const scripted_server a(noting('A'));
  const scripted_server b(noting('B'));
  const scripted_server c(noting('C'));
  const auto end =
      compare({"--against", "a=" + a.address(), "--against", "b=" + b.address(), "--against", "c=" + c.address(),
          "--framing", "line", "--clients", "1", "--duration", "200ms", "--repeat", "3", "--json", "-"});
  CHECK(end.exit_code == 0);
  const std::lock_guard lock(mutex);
  if (document_of(end)["config"]["repeated_runs"] == 0) {
    CHECK(order == "ABCCBAABC");
  } else { // on a busy machine, on which the load tool was held up: each repetition follows its run at once
    order.erase(std::unique(order.begin(), order.end()), order.end());
    CHECK(order == "ABCBABC");
  }
}

TEST_CASE("compare: goes on until intervals are narrow enough or the time is over, and makes five runs at least") {
  const scripted_server server(answering("raw", [](peer& client, const request& r) {
    std::this_thread::sleep_for(
        std::chrono::milliseconds{20}); // however busy the machine, no run has many times the rate of another
    client.send(r.reply);
    return true;
  }));
  const auto runs_with = [&](const words& more) {
    words all{"--against", "a=" + server.address(), "--clients", "1", "--duration", "200ms", "--json", "-"};
    all.insert(all.end(), more.begin(), more.end());
    const auto end = compare(all);
    CAPTURE(end.output, end.errors);
    CHECK(end.exit_code == 0);
    return result_of(scenario_of(end), "a")["runs"].size();
  };
  CHECK(runs_with({"--precision", "100%"}) == 5);
  CHECK(runs_with({"--precision", "0%", "--budget", "1ms"}) == 5);
  CHECK(runs_with({"--precision", "0%", "--budget", "6s"}) > 5);
}

TEST_CASE("compare: offers the same rate to all, and compares what it costs") {
  const auto end = compare({"--models", "sync threads,async", "--clients", "2", "--delay", "0", "--rate", "200",
      "--duration", "300ms", "--repeat", "1", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto scenario = scenario_of(end);
  CHECK(scenario["rate"] == 200);
  CHECK_THAT(scenario["name"], contains("200 messages/s offered"));
  for (const std::string name : {"sync threads", "async(1)"}) {
    const auto run = result_of(scenario, name)["runs"][0];
    CHECK(run["rate"] < 250);
    CHECK(run["cpu_us"] > 0);
  }
}

TEST_CASE("compare: gives servers and tool processors of their own, if there are two") {
  cpu_set_t ours;
  REQUIRE(::sched_getaffinity(0, sizeof ours, &ours) == 0);
  comparison c(
      {"--models", "async", "--clients", "2", "--delay", "0", "--duration", "30s", "--repeat", "1", "--json", "-"});
  const auto server = c.wait_for_server_of(2);
  cpu_set_t of_server;
  REQUIRE(::sched_getaffinity(server, sizeof of_server, &of_server) == 0);
  c.tool().signal(SIGINT);
  const auto config = document_of(c.wait())["config"];
  if (CPU_COUNT(&ours) < 2) {
    CHECK(config["server_cpus"].is_null());
    return;
  }
  CHECK_FALSE(config["tool_cpus"].empty());
  CHECK(static_cast<int>(config["server_cpus"].size()) == CPU_COUNT(&of_server));
  for (const int cpu : config["server_cpus"]) {
    CHECK(CPU_ISSET(cpu, &of_server));
    for (const int other : config["tool_cpus"])
      CHECK(cpu != other);
  }
}

TEST_CASE("compare: runs the server on --server-cpus, and reports if the load tool shares all of them") {
  const auto all = revecho::usable_processors().size();
  if (all < 2) SKIP_TEST("there is only one processor");
  const auto end = compare(shortly({"--models", "epoll(2)", "--clients", "2", "--delay", "0", "--server-cpus", "1,N"}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.output, contains("server on 1 processor\n") && contains("server on " + std::to_string(all)));
  CHECK_THAT(unwrapped(end.output), contains("Where the server had all processors, the load tool took its share"));
  const auto document = document_of(compare(shortly(
      {"--models", "epoll(2)", "--clients", "2", "--delay", "0", "--server-cpus", "1,N", "--json", "-"}, "300ms")));
  const auto& one = document["scenarios"][0];
  const auto& every = document["scenarios"][1];
  CHECK(one["server_cpus"].size() == 1);
  for (const auto& cpu : one["tool_cpus"])
    CHECK(cpu != one["server_cpus"][0]);
  CHECK(every["server_cpus"].size() == all);
  CHECK(every["tool_cpus"] == every["server_cpus"]);
  CHECK(one["results"][0]["runs"][0]["disturbed"].is_number());
  CHECK(every["results"][0]["runs"][0]["disturbed"].is_null()); // by the load tool, if by anybody
  CHECK(every["results"][0]["runs"][0]["processor_us"].is_null());
}

TEST_CASE("compare: says that it has only one processor") {
  cpu_set_t ours;
  REQUIRE(::sched_getaffinity(0, sizeof ours, &ours) == 0);
  int first = 0;
  while (!CPU_ISSET(first, &ours))
    ++first;
  const words options = shortly({"--models", "async", "--clients", "2", "--delay", "0"});
  const std::string on_one = "taskset -cp " + std::to_string(first) + " $$ >/dev/null";
  const auto shown = compare(options, on_one);
  CAPTURE(shown.output, shown.errors);
  CHECK(shown.exit_code == 0);
  CHECK_THAT(unwrapped(shown.output), contains("only one processor"));
  auto as_json = options;
  as_json.insert(as_json.end(), {"--json", "-"});
  const auto document = document_of(compare(as_json, on_one));
  CHECK(document["config"]["server_cpus"].is_null());
  CHECK(document["config"]["tool_cpus"].is_null());
  CHECK_THAT(document["verdicts"].back(), contains("only one processor"));
}
