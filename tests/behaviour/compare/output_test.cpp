// Output of revecho-compare, for people and for programs, and where it goes.
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/text_matchers.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

using namespace revecho::test;

using words = std::vector<std::string>;
using names = std::set<std::string>;

namespace {

names keys(const nlohmann::json& object) {
  names result;
  for (const auto& item : object.items())
    result.insert(item.key());
  return result;
}

std::string content(const std::string& name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

const words short_load{"--clients", "2", "--duration", "200ms", "--repeat", "1"};

words with_short_load(const words& more) {
  auto all = short_load;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

} // namespace

TEST_CASE("compare: writes its results as JSON of a fixed shape, and nothing else to stdout") {
  const auto end = compare({"--models", "sync threads,async", "--clients", "1,2", "--delay", "0,1ms", "--duration",
      "200ms", "--repeat", "2", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto all = document_of(end);
  CHECK(keys(all) == names{"revecho_compare", "ok", "interrupted", "host", "warnings", "build", "config", "verdicts",
                         "contestants", "scenarios", "stories"});
  CHECK(all["revecho_compare"] == 1);
  CHECK(all["ok"] == true);
  CHECK(keys(all["host"]) == names{"kernel", "machine", "cpu", "cpus", "memory_bytes", "usable_cpus", "cores",
                                 "sockets", "nodes", "smt", "governor", "boost", "preemption", "virtual", "mitigations",
                                 "cpu_quota", "memory_limit_bytes", "load", "stolen"});
  CHECK(keys(all["build"]) == names{"version", "compiler", "type"});
  CHECK(keys(all["config"]) == names{"command", "repeat", "duration_s", "margin", "precision", "self_test", "started",
                                   "took_s", "repeated_runs", "server_cpus", "tool_cpus"});
  CHECK(all["config"]["repeat"] == 2);
  CHECK(all["config"]["duration_s"] == 0.2);
  CHECK_THAT(all["config"]["command"], StartsWith("revecho-compare --models 'sync threads,async' --clients 1,2 "));
  CHECK(all["stories"].empty());
  CHECK_FALSE(all["verdicts"].empty());
  CHECK(all["contestants"].size() == 2);
  CHECK(keys(all["contestants"][0]) == names{"name", "command"});
  REQUIRE(all["scenarios"].size() == 4);
  for (const auto& s : all["scenarios"]) {
    CHECK(keys(s) == names{"name", "group", "clients", "delay", "size", "framing", "rate", "pipeline", "session",
                         "half_close", "server_cpus", "tool_cpus", "verdict", "baseline", "results"});
    CHECK(s["baseline"].is_null());
    CHECK(s["rate"].is_null());
    CHECK(keys(s["verdict"]) == names{"winner", "tied", "headline", "text"});
    REQUIRE(s["results"].size() == 2);
    for (const auto& r : s["results"]) {
      CHECK(keys(r) == names{"contestant", "failure", "summary", "added", "runs"});
      CHECK(r["runs"].size() == 2);
      const names metrics{"rate", "replies", "drift", "mean_us", "p50_us", "p90_us", "p99_us", "p99_9_us", "p99_99_us",
          "max_us", "first_reply_p50_us", "first_reply_p99_us", "first_reply_max_us", "first_reply_censored",
          "accept_p50_us", "accept_p99_us", "accept_max_us", "censored", "unserved", "wrong", "lost", "late",
          "tool_limited", "cpu_us", "cpu_user_us", "cpu_system_us", "processor_us", "processor_user_us",
          "processor_system_us", "processor_irq_us", "processor_softirq_us", "processor_steal_us", "disturbed",
          "context_switches", "threads", "loops", "busiest_loop_share", "busiest_loop_connections", "peak_memory_bytes",
          "memory_per_connection_bytes"};
      CHECK(keys(r["summary"]) == metrics);
      CHECK(keys(r["runs"][0]) == metrics);
      CHECK(keys(r["summary"]["rate"]) == names{"median", "low", "high", "level"});
    }
  }
}

TEST_CASE("compare: writes a page that has the document in it, and says where it is") {
  const temporary_folder folder;
  const auto page = folder.path() + "/page.html";
  const auto json = folder.path() + "/results.json";
  const scripted_server server(honest("raw"));
  const auto end =
      compare(with_short_load({"--against", "</script>=" + server.address(), "--report", page, "--json", json}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.output, contains("replies/s"));
  CHECK_THAT(end.errors, contains(page));
  CHECK(nlohmann::json::parse(content(json))["contestants"][0]["name"] == "</script>");
  const auto text = content(page);
  CHECK_THAT(text, contains("\"revecho_compare\":1") && contains("\\u003c/script>") && contains("</html>"));
}

TEST_CASE("compare: writes the page to stdout, and nothing else, if it is told so") {
  const scripted_server server(honest("raw"));
  const temporary_folder folder;
  const auto page = folder.path() + "/page.html";
  const auto end =
      compare(with_short_load({"--against", "a=" + server.address(), "--report", "-"}), "cd " + folder.path());
  CAPTURE(end.errors);
  CHECK(end.exit_code == 0);
  CHECK(end.errors.empty());
  CHECK_THAT(end.output, StartsWith("<!DOCTYPE html>") && EndsWith("</html>\n"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("compare: refuses a bad command line, and asks nobody anything") {
  std::atomic<int> connections = 0;
  {
    const scripted_server server([&](peer&) { ++connections; });
    const std::string against = "a=" + server.address();
    const auto bad = GENERATE_COPY(values<words>({{"--clients", "none"}, {"--delay", "soon"}, {"--delay", "1ms"},
        {"--size", "1MiB"}, {"--framing", "lines"}, {"--story", "none"}, {"--story", "limit"}, {"--repeat", "0"},
        {"--margin", "2"}, {"--self-test"}, {"--duration", "-1s"}, {"--rate", "x"}, {"--models", "async(0)"},
        {"--against", against}, {"--bogus"}, {"something"}}));
    words all{"--against", against};
    all.insert(all.end(), bad.begin(), bad.end());
    comparison c(all);
    const auto end = c.wait();
    CAPTURE(bad, end.output, end.errors);
    CHECK(end.exit_code == 2);
    CHECK(end.output.empty());
    CHECK_THAT(end.errors, StartsWith("revecho-compare: ") && contains("--help"));
    CHECK(c.files().empty());
  }
  CHECK(connections == 0);
}

TEST_CASE("compare: finds out before it measures that it will not be able to write") {
  const temporary_folder folder;
  std::ofstream(folder.path() + "/file") << "x";
  const std::string option = GENERATE("--json", "--report");
  for (const auto& where : {folder.path() + "/none/x", folder.path() + "/file/x", folder.path()}) {
    std::atomic<int> connections = 0;
    outcome end;
    {
      const scripted_server server([&](peer&) { ++connections; });
      end = compare(with_short_load({"--against", "a=" + server.address(), option, where}));
    }
    CAPTURE(option, where, end.output, end.errors);
    CHECK(end.exit_code == 1);
    CHECK(end.output.empty());
    CHECK_THAT(end.errors, contains("cannot write " + where));
    CHECK(connections == 0);
  }
}

TEST_CASE("compare: does not touch an older file until it has new results") {
  const temporary_folder folder;
  const auto json = folder.path() + "/results.json";
  std::ofstream(json) << "older";
  const auto end = compare({"--clients", "1000000", "--models", "async", "--json", json}, "ulimit -n 128");
  CHECK(end.exit_code == 1);
  CHECK(content(json) == "older");
}

TEST_CASE("compare: shows and writes the rest if one file cannot be written at last") {
  const temporary_folder folder;
  const auto page = folder.path() + "/page.html";
  const scripted_server server(honest("raw"));
  const auto end =
      compare(with_short_load({"--against", "a=" + server.address(), "--json", "/dev/full", "--report", page}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.output, contains("replies/s"));
  CHECK_THAT(end.errors, contains("/dev/full"));
  CHECK_THAT(content(page), contains("</html>"));
}

TEST_CASE("compare: says that stdout is full") {
  const scripted_server server(honest("raw"));
  for (const words& more : {words{}, words{"--json", "-"}}) {
    words all = with_short_load({"--against", "a=" + server.address()});
    all.insert(all.end(), more.begin(), more.end());
    const auto end = compare(all, "exec >/dev/full");
    CAPTURE(end.errors);
    CHECK(end.exit_code == 1);
    CHECK_THAT(end.errors, contains("No space left on device"));
  }
}

TEST_CASE("compare: is ended by no signal when nobody reads what it finds") {
  const scripted_server server(honest("raw"));
  for (const words& output : {words{}, words{"--json", "-"}, words{"--report", "-"}}) {
    auto options = with_short_load({"--against", "a=" + server.address()});
    options.insert(options.end(), output.begin(), output.end());
    process tool("revecho-compare", options, pipe_end::closed);
    const auto end = tool.wait();
    CAPTURE(output, end.errors);
    CHECK(end.signal == 0);
    CHECK(end.exit_code == 1);
    CHECK_THAT(end.errors, contains("cannot write to stdout: Broken pipe"));
  }
}

TEST_CASE("compare: takes names that are no UTF-8, and writes some that are") {
  const scripted_server server(honest("raw"));
  const auto end = compare(with_short_load({"--against", "a\xff | <b>=" + server.address(), "--json", "-"}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(document_of(end)["contestants"][0]["name"] == "a\xef\xbf\xbd | <b>");
}

TEST_CASE("compare: has a live line on a terminal only, unless it is told not to") {
  const scripted_server server(honest("raw"));
  const auto [environment, option, shows] = GENERATE(table<words, std::string, bool>({
      {{"-u", "NO_COLOR", "TERM=xterm"}, "--framing=raw", true},
      {{"-u", "NO_COLOR", "TERM=xterm"}, "--quiet", false},
      {{"NO_COLOR=1", "TERM=xterm"}, "--framing=raw", false},
      {{"-u", "NO_COLOR", "TERM=dumb"}, "--framing=raw", false},
  }));
  const auto options = with_short_load({"--against", "a=" + server.address(), option});
  const auto shown = show_on_terminal(environment, "revecho-compare", options);
  CAPTURE(environment, option, shown);
  CHECK_THAT(shown, contains("replies/s"));
  CHECK((shown.find("\r[") != std::string::npos) == shows);
  CHECK((shown.find("run 1 of 1; a, 2 clients") != std::string::npos) == shows);
  CHECK(compare(options).errors.empty());
}
