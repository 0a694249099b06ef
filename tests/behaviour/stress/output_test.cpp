// Output of revecho-stress, for people and for programs, and where it goes. Direct: this is not about what passes.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

outcome stress(std::uint16_t port, const std::vector<std::string>& options) {
  std::vector<std::string> all{std::to_string(port), "--framing", "line"};
  all.insert(all.end(), options.begin(), options.end());
  return run("revecho-stress", all);
}

// Throws if it is no JSON.
nlohmann::json only_level(const outcome& end) { return nlohmann::json::parse(end.output)["levels"].at(0); }

using names = std::set<std::string>;

names keys(const nlohmann::json& object) {
  names result;
  for (const auto& item : object.items())
    result.insert(item.key());
  return result;
}

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> result;
  for (std::string line; std::getline(in, line);)
    result.push_back(line);
  return result;
}

std::string content(const std::string& name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

const variant async_server = variants().back();

} // namespace

TEST_CASE("stress: writes its results as JSON of a fixed shape", "[direct]") {
  const bool open = GENERATE(false, true);
  const server_process server(async_server, {"--framing", "line"});
  std::vector<std::string> options{"--json", "-", "--clients", "2,5", "--duration", "300ms"};
  if (open) options.insert(options.end(), {"--rate", "500"});
  const auto end = stress(server.port(), options);
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto all = nlohmann::json::parse(end.output);
  CHECK(keys(all) == names{"revecho_stress", "config", "host", "name_resolution", "levels", "interrupted", "ok"});
  CHECK(all["revecho_stress"] == 1);
  CHECK(all["ok"] == true);
  CHECK(keys(all["host"]) == names{"kernel", "machine", "cpu", "cpus", "memory_bytes", "usable_cpus", "cores",
                                 "sockets", "nodes", "smt", "governor", "boost", "preemption", "virtual", "mitigations",
                                 "cpu_quota", "memory_limit_bytes", "load", "stolen", "version", "warnings"});
  REQUIRE(all["levels"].size() == 2);
  CHECK(all["levels"][0]["clients"] == 2);
  CHECK(all["levels"][1]["clients"] == 5);
  for (const auto& level : all["levels"]) {
    CHECK(keys(level) == names{"clients", "started", "offered_rate", "window_s", "messages", "rate", "drift",
                             "verified", "wrong", "lost", "late", "connect_failed", "closed_early", "closed_idle",
                             "reconnects", "clients_gone", "ended_early_s", "split_replies", "latency_us",
                             "latency_by_client_us", "fairness", "offered_concurrency", "effective_concurrency",
                             "generator", "retransmitted", "delayed_ack_share", "faults", "hints", "outages",
                             "lost_outside_outages", "targets", "interrupted", "failures", "ok", "seconds"});
    const auto& seconds = level["seconds"];
    CHECK(keys(seconds) == names{"time_s", "connected", "sent", "verified", "errors", "p50_us", "p99_us", "max_us"});
    REQUIRE(seconds["verified"].size() >= 1);
    for (const auto& column : seconds)
      CHECK(column.size() == seconds["verified"].size());
    std::uint64_t verified = 0;
    for (const auto& part : seconds["verified"])
      verified += part.get<std::uint64_t>();
    CHECK(verified == level["verified"]);
    CHECK(keys(level["wrong"]) == names{"echoed unchanged", "short", "extra bytes", "repeated", "out of order",
                                      "other connection's", "corrupt"});
    CHECK(keys(level["fairness"]) ==
          names{"min", "median", "max", "never_served", "never_served_by_chance", "longest_stall_us"});
    CHECK(keys(level["generator"]) == names{"cpu_share", "lag_p99_us", "missed_sends", "missed_unconnected", "limited",
                                          "limited_by", "run_delay_s", "throttled_s", "standstill_s",
                                          "longest_standstill_s", "unmeasured"});
    CHECK(keys(level["latency_us"]) == (open ? names{"response", "service", "wait", "tool", "connect", "first_reply"}
                                             : names{"service", "tool", "connect", "first_reply"}));
    for (const auto& latency : level["latency_us"]) {
      CHECK(keys(latency) == names{"count", "mean", "p50", "p90", "p99", "p99_9", "p99_99", "max", "censored"});
      double last = 0;
      for (const auto* percentile : {"p50", "p90", "p99", "p99_9", "p99_99", "max"}) {
        if (latency[percentile].is_null()) continue; // of too few
        CHECK(latency[percentile] >= last);
        last = latency[percentile];
      }
      CHECK(latency["p50"].is_null() == (latency["count"] < 20));
      CHECK(latency["p99"].is_null() == (latency["count"] < 1000));
    }
    CHECK(level["window_s"] == 0.3);
    CHECK(level["verified"] == level["messages"]);
    CHECK(level["rate"] > 0);
    CHECK(level["rate"] <= level["messages"].get<double>() / 0.3 * 1.0001);
    CHECK(level["fairness"]["min"] <= level["fairness"]["median"]);
    CHECK(level["fairness"]["median"] <= level["fairness"]["max"]);
    CHECK(level["offered_concurrency"] == level["clients"]);
    CHECK(level["effective_concurrency"] <= 1.02 * level["offered_concurrency"].get<double>());
    CHECK(level["effective_concurrency"] > 0);
    CHECK(level["outages"].empty());
  }
}

TEST_CASE("stress: says who starves under a server that serves one client at a time", "[direct]") {
  const server_process server(variants().front(), {"--framing", "line"});
  const auto end = stress(server.port(), {"--json", "-", "--clients", "10", "--duration", "1s"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto level = only_level(end);
  CHECK(level["fairness"]["never_served"] == 9);
  CHECK(level["effective_concurrency"] > 0.3); // 1, except for what this machine takes between the messages
  CHECK(level["effective_concurrency"] <= 1.02);
  CHECK_THAT(end.errors, contains("9 of 10 clients had no reply in the window") &&
                             contains("Of 10 messages under way only") && contains("the others waited"));
}

TEST_CASE("stress: prints the table alone on stdout, and no live line where no terminal is", "[direct]") {
  const bool quiet = GENERATE(false, true);
  const server_process server(async_server, {"--framing", "line"});
  std::vector<std::string> options{"--clients", "5", "--duration", "1100ms"};
  if (quiet) options.emplace_back("--quiet");
  const auto end = stress(server.port(), options);
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto rows = lines(end.output);
  REQUIRE(rows.size() == 3);
  CHECK_THAT(rows[0], StartsWith("clients ") && contains(" p99 ") && contains(" verified ") && contains(" late "));
  CHECK(rows[1].find_first_not_of('-') == std::string::npos);
  CHECK_THAT(rows[2], StartsWith("      5 "));
  CHECK(end.errors.find('\r') == std::string::npos);
  if (quiet) CHECK(end.errors.empty());
}

TEST_CASE("stress: says on stderr with --quiet why it failed, and nothing else", "[direct]") {
  const scripted_server server([](peer& client) { client.receive_some(); });
  const auto end = stress(server.port(), {"--quiet", "--clients", "2", "--messages", "3"});
  CHECK(end.exit_code == 1);
  CHECK(end.errors == "2 clients: failed: nobody was answered, 2 lost\n");
}

TEST_CASE("stress: shows a live line on a terminal, unless it is told not to", "[direct]") {
  const auto [environment, option, shows] = GENERATE(table<std::vector<std::string>, std::string, bool>({
      {{"-u", "NO_COLOR", "TERM=xterm"}, "--timeout=9s", true},
      {{"-u", "NO_COLOR", "TERM=xterm"}, "--quiet", false},
      {{"NO_COLOR=1", "TERM=xterm"}, "--timeout=9s", false},
      {{"-u", "NO_COLOR", "TERM=dumb"}, "--timeout=9s", false},
  }));
  const server_process server(async_server);
  const auto shown = show_on_terminal(
      environment, "revecho-stress", {std::to_string(server.port()), "--clients", "5", "--duration", "2500ms", option});
  CAPTURE(environment, option, shown);
  CHECK_THAT(shown, contains("clients ") && contains("\n      5 "));
  CHECK((shown.find("\r[#") != std::string::npos) == shows);
  CHECK((shown.find(" 5/5 connected ") != std::string::npos) == shows);
}

TEST_CASE("stress: writes a line a second as CSV, and the percentiles as HdrHistogram does", "[direct]") {
  const temporary_folder directory;
  const auto csv = directory.path() + "/csv";
  const auto hgrm = directory.path() + "/hgrm";
  const server_process server(async_server, {"--framing", "line"});
  const auto end = stress(server.port(),
      {"--clients", "5", "--duration", "2500ms", "--rate", "400", "--csv", csv, "--hgrm", hgrm, "--json", "-"});
  CHECK(end.exit_code == 0);
  const auto level = only_level(end);
  const auto seconds = lines(content(csv));
  CAPTURE(seconds, end.errors);
  REQUIRE(seconds.size() >= 3);
  CHECK(seconds[0] == "clients,time_s,connected,sent,verified,errors,p50_us,p99_us,max_us");
  int verified = 0;
  for (std::size_t i = 1; i < seconds.size(); ++i) {
    std::istringstream fields(seconds[i]);
    std::vector<double> values;
    for (std::string field; std::getline(fields, field, ',');)
      values.push_back(field.empty() ? 0 : std::stod(field)); // a percentile of too few
    REQUIRE(values.size() == 9);
    CHECK(values[0] == 5);
    verified += static_cast<int>(values[4]);
    if (i < 3) CHECK(values[1] == Approx(static_cast<double>(i)));
  }
  CHECK(verified == level["verified"]);

  const auto rows = lines(content(hgrm));
  REQUIRE(rows.size() > 5);
  CHECK_THAT(rows[0], contains("Value") && contains("Percentile") && contains("TotalCount"));
  double last = 0;
  std::uint64_t count = 0;
  for (std::size_t i = 2; i < rows.size() && rows[i][0] != '#'; ++i) {
    double value = 0;
    double percentile = 0;
    std::istringstream(rows[i]) >> value >> percentile >> count;
    CHECK(value >= last);
    CHECK(percentile <= 1);
    last = value;
  }
  CHECK(count == level["verified"]);
  CHECK_THAT(rows.back(), StartsWith("#[Buckets ="));
}

TEST_CASE("stress: reports early what it has when it is interrupted", "[direct]") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  const server_process server(async_server, {"--framing", "line"});
  const auto before = server.descriptors();
  process tool("revecho-stress",
      {std::to_string(server.port()), "--framing", "line", "--clients", "5,6", "--duration", "1h", "--json", "-"});
  REQUIRE(eventually([&] { return server.descriptors() >= before + 5; }));
  std::this_thread::sleep_for(300ms);
  tool.signal(signal);
  const auto end = tool.wait();
  CAPTURE(end.output, end.errors);
  const auto level = only_level(end);
  CHECK(level["interrupted"] == true);
  CHECK(level["clients"] == 5);
  CHECK(level["verified"] > 0);
  CHECK(level["window_s"] < 60);
  CHECK(level["lost"] == 0);
  CHECK(end.exit_code == 130);
  CHECK_THAT(end.errors, contains("interrupted: showing partial results\n"));
  const auto document = nlohmann::json::parse(end.output);
  CHECK(document["interrupted"] == true);
  CHECK(document["ok"] == false);
}

TEST_CASE("stress: connects nobody when it lacks descriptors, and says how to get them", "[direct]") {
  std::atomic<int> connections = 0;
  outcome end;
  {
    const scripted_server server([&](peer&) { ++connections; });
    end = run_in_shell("ulimit -n 128", "revecho-stress", {std::to_string(server.port()), "--clients", "1000"});
  }
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("1000 clients need ") && contains("128") && contains("ulimit"));
  CHECK(end.output.empty());
  CHECK(connections == 0);
}

TEST_CASE("stress: raises the soft limit of descriptors itself", "[direct]") {
  const server_process server(async_server, {"--framing", "line"});
  const auto end = run_in_shell("ulimit -Sn 64", "revecho-stress",
      {std::to_string(server.port()), "--framing", "line", "--clients", "100", "--messages", "3"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
}
