// --events of revecho-stress: a line for each fault, outage and end of a connection, which agrees with the figures and
// with what the server saw. Direct: addresses are compared.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/load_report.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

struct recorded {
  load_report report;
  std::vector<nlohmann::json> lines;

  std::vector<nlohmann::json> of(const std::string& event) const {
    std::vector<nlohmann::json> found;
    for (const auto& line : lines)
      if (line["event"] == event) found.push_back(line);
    return found;
  }
};

recorded stress(std::uint16_t port, const words& more) {
  const temporary_folder folder;
  const auto file = folder.path() + "/events";
  words all{std::to_string(port), "--framing", "line", "--json", "-", "--events", file};
  all.insert(all.end(), more.begin(), more.end());
  recorded result{parsed(run("revecho-stress", all)), {}};
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    result.lines.push_back(nlohmann::json::parse(line, nullptr, false));
    REQUIRE_FALSE(result.lines.back().is_discarded());
  }
  return result;
}

template <class Number = std::uint64_t>
Number sum_of(const std::vector<nlohmann::json>& lines, const char* field) {
  Number sum = 0;
  for (const auto& line : lines)
    sum += line[field].get<Number>();
  return sum;
}

} // namespace

TEST_CASE("stress: records each fault and each end of a connection, as many as it counts", "[direct]") {
  std::atomic<std::size_t> sent_bytes = 0;
  std::atomic<std::size_t> received_bytes = 0;
  std::atomic<std::size_t> connections = 0;
  const scripted_server server([&](peer& client) {
    const auto number = connections++;
    message_reader messages(client, "line");
    for (int i = 0; const auto message = messages.next(); ++i) {
      received_bytes += message->size() + 1;
      if (i == 3 && number % 4 == 0) return;
      if (i == 3 && number % 4 == 1) return client.reset();
      auto reply = reversed(*message) + '\n';
      if (i == 3 && number % 4 == 2) reply[20] = '!';
      client.send(reply);
      sent_bytes += reply.size();
    }
  });
  const auto r = stress(server.port(), {"--clients", "4", "--messages", "40", "--session", "5", "--reconnect"});
  CAPTURE(r.report.end.output, r.report.end.errors);
  CHECK(r.report.end.exit_code == 1);
  const auto& level = r.report.level;
  CHECK(level["lost"] > 0);
  CHECK(r.of("lost").size() == level["lost"]);
  CHECK(r.of("wrong").size() == level["wrong"]["corrupt"]);
  CHECK(r.of("end").size() == connections);
  CHECK(r.of("outage").size() == level["outages"].size());
  CHECK(sum_of(r.of("end"), "messages") == level["messages"]);
  CHECK(sum_of(r.of("end"), "received_bytes") == sent_bytes);
  CHECK(sum_of(r.of("end"), "sent_bytes") == received_bytes);
  CHECK(r.of("begin").size() == 1);
  CHECK(r.of("left out").empty());
  std::multiset<std::string> kinds;
  for (const auto& end : r.of("end"))
    kinds.insert(end["kind"].get<std::string>());
  CHECK(kinds.count("closed") + kinds.count("reset") == level["lost"]);
  CHECK(kinds.count("done") == connections - level["lost"].get<std::size_t>());
}

TEST_CASE("stress: records times in order, and addresses of both sides", "[direct]") {
  const scripted_server server(answering("line", [](peer& client, const request& r) {
    if (r.number < 2) client.send(r.reply + '\n');
    return r.number < 2;
  }));
  const auto r = stress(server.port(), {"--clients", "8", "--messages", "3", "--threads", "2"});
  CAPTURE(r.report.end.output, r.report.end.errors);
  std::string last;
  std::set<std::string> local;
  for (const auto& line : r.lines) {
    const std::string time = line["time"];
    CHECK(time.size() == std::string("2026-01-31T12:00:00.000000Z").size());
    CHECK(time >= last);
    last = time;
    if (line["event"] == "lost") CHECK(line["message"] == 2);
    if (line["event"] != "lost" && line["event"] != "end") continue;
    CHECK(line["remote"] == server.address());
    local.insert(line["local"].get<std::string>());
  }
  CHECK(local.size() == 8);
  REQUIRE_FALSE(r.of("lost").empty());
  const auto first = r.of("lost").front()["local"].get<std::string>(); // is among the examples
  CHECK_THAT(r.report.end.errors, contains(first + " to " + server.address() + ": client "));
}

TEST_CASE("stress: records the address that the server names in its log", "[direct]") {
  const server_process server(variants().back(), {"--framing", "line", "--max-message", "20"});
  const auto r = stress(server.port(), {"--clients", "1", "--messages", "1", "--size", "64"});
  CAPTURE(r.report.end.errors, server.log());
  REQUIRE(r.of("lost").size() == 1);
  CHECK_THAT(server.log(), contains(r.of("lost").front()["local"].get<std::string>()));
}

TEST_CASE("stress: records attempts to connect that failed", "[direct]") {
  std::uint16_t port = 0;
  {
    const listening_socket closed;
    port = closed.port();
  }
  const auto r = stress(port, {"--clients", "3", "--messages", "1"});
  CAPTURE(r.report.end.errors);
  REQUIRE(r.of("connect_failed").size() == 3);
  for (const auto& line : r.of("connect_failed")) {
    CHECK(line["kind"] == "refused");
    CHECK(line["remote"] == "127.0.0.1:" + std::to_string(port));
    CHECK(line["local"].is_null());
    CHECK(line["message"].is_null());
  }
  CHECK(r.of("end").empty());
}

TEST_CASE("stress: records each level of a run, and begins each with a line", "[direct]") {
  const scripted_server server(answering("line", [](peer& client, const request& r) {
    client.send(r.reply + '\n');
    return true;
  }));
  const auto r = stress(server.port(), {"--clients", "2,3", "--messages", "5"});
  REQUIRE(r.of("begin").size() == 2);
  CHECK(r.of("begin").back()["clients"] == 3);
  CHECK(r.of("end").size() == 5);
  CHECK(sum_of(r.of("end"), "messages") == 25);
  CHECK(r.report.end.exit_code == 0);
}

TEST_CASE("stress: writes --events - to stdout instead of the table", "[direct]") {
  const server_process server(variants().back(), {"--framing", "line"});
  const auto end = run("revecho-stress",
      {std::to_string(server.port()), "--framing", "line", "--clients", "2", "--messages", "1", "--events", "-"});
  CAPTURE(end.output, end.errors);
  REQUIRE(end.exit_code == 0);
  std::istringstream lines(end.output);
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);)
    events.push_back(nlohmann::json::parse(line)["event"]);
  CHECK(events == words{"begin", "end", "end"});
}
