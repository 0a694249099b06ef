// Output files of revecho-stress: each is complete, or an error names it.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <vector>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

auto honest() {
  return answering("line", [](peer& client, const request& r) {
    client.send(r.reply + '\n');
    return true;
  });
}

} // namespace

TEST_CASE("stress: writes every second of --csv though one of its threads has nothing left to do", "[direct]") {
  std::atomic<int> connections = 0;
  const auto serve = honest();
  const scripted_server server([&](peer& client) {
    if (connections++ > 0) serve(client); // the first is closed
  });
  const temporary_folder folder;
  const auto csv = folder.path() + "/csv";
  const auto end = run("revecho-stress", {server.address(), "--framing", "line", "--clients", "2", "--threads", "2",
                                             "--duration", "2500ms", "--csv", csv});
  CAPTURE(end.errors);
  CHECK(end.exit_code == 1);
  const auto text = content(csv);
  CHECK(std::count(text.begin(), text.end(), '\n') >= 3); // its titles, and two seconds
}

TEST_CASE("stress: writes --csv - to stdout instead of the table, a line as each second ends", "[direct]") {
  const scripted_server server(honest());
  process tool("revecho-stress",
      {server.address(), "--framing", "line", "--clients", "1", "--duration", "1h", "--csv", "-", "--quiet"});
  const auto lines = [&] {
    const auto text = tool.output();
    return std::count(text.begin(), text.end(), '\n');
  };
  REQUIRE(eventually([&] { return lines() >= 3; })); // its titles, and two seconds
  tool.signal(SIGINT);
  const auto end = tool.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 130);
  CHECK_THAT(end.output, StartsWith("clients,time_s,connected,sent,verified,errors,p50_us,p99_us,max_us\n1,"));
  std::istringstream rows(end.output);
  for (std::string row; std::getline(rows, row);)
    CHECK(std::count(row.begin(), row.end(), ',') == 8);
}

TEST_CASE("stress: says that it cannot write --csv - to stdout", "[direct]") {
  const scripted_server server(honest());
  const auto end = run_in_shell("exec > /dev/full", "revecho-stress",
      {server.address(), "--framing", "line", "--clients", "1", "--messages", "1", "--csv", "-"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("stdout"));
}

TEST_CASE("stress: leaves the latency of a second without replies empty in --csv", "[direct]") {
  const scripted_server server([](peer& client) { client.receive_all(); });
  const temporary_folder folder;
  const auto csv = folder.path() + "/csv";
  run("revecho-stress", {server.address(), "--clients", "1", "--duration", "1s", "--timeout", "1s", "--csv", csv});
  CHECK_THAT(content(csv), contains("_us\n") && contains(",0,0,,,\n") && !contains("0.0"));
}

TEST_CASE("stress: says before it connects that it will not be able to write", "[direct]") {
  std::atomic<int> connections = 0;
  const scripted_server server([&](peer&) { ++connections; });
  const std::string option = GENERATE("--json", "--csv", "--hgrm", "--events");
  const std::string where = GENERATE("/nowhere/at/all", "/");
  const auto end = run("revecho-stress", {server.address(), "--clients", "1", "--messages", "1", option, where});
  CAPTURE(option, where);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, StartsWith("revecho-stress: cannot write " + where + ": "));
  CHECK(connections == 0);
}

TEST_CASE("stress: says that the reader of --csv is gone, and still writes its results", "[direct]") {
  const scripted_server server(honest());
  const temporary_folder folder;
  const auto end = run_in_shell("mkfifo " + folder.path() + "/csv; (head -n 1 <" + folder.path() + "/csv >/dev/null &)",
      "revecho-stress",
      {server.address(), "--framing", "line", "--clients", "1", "--duration", "1500ms", "--csv", folder.path() + "/csv",
          "--json", folder.path() + "/json"});
  CAPTURE(end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("revecho-stress: cannot write " + folder.path() + "/csv: Broken pipe\n"));
  CHECK_THAT(end.output, contains("clients"));
  CHECK_THAT(content(folder.path() + "/json"), contains("\"ok\": true"));
}

TEST_CASE("stress: ends at a signal while nobody opens the pipe for its --json", "[direct]") {
  const scripted_server server(honest());
  const temporary_folder folder;
  const auto pipe = folder.path() + "/json";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  process stress(
      "revecho-stress", {server.address(), "--framing", "line", "--clients", "1", "--messages", "1", "--json", pipe});
  REQUIRE(eventually([&] { return !stress.output().empty(); })); // the table comes before it
  stress.signal(SIGINT);
  const auto end = stress.wait();
  CAPTURE(end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("revecho-stress: cannot write " + pipe + ": Operation canceled\n"));
}

TEST_CASE("stress: says that a file has become too large, and still shows its table", "[direct]") {
  const scripted_server server(honest());
  const temporary_folder folder;
  const auto end = run_in_shell("ulimit -f 1", "revecho-stress",
      {server.address(), "--framing", "line", "--clients", "1", "--messages", "1", "--json", folder.path() + "/json"});
  CAPTURE(end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.output, contains("clients"));
  CHECK_THAT(end.errors, contains("revecho-stress: cannot write " + folder.path() + "/json: File too large\n"));
}

TEST_CASE("stress: writes its files though nobody can read its table", "[direct]") {
  const scripted_server server(honest());
  const temporary_folder folder;
  const std::string stdout_is = GENERATE(">&-", ">/dev/full");
  const auto end = run_in_shell("exec " + stdout_is, "revecho-stress",
      {server.address(), "--framing", "line", "--clients", "1,2", "--messages", "1", "--json",
          folder.path() + "/json"});
  CAPTURE(stdout_is, end.errors);
  CHECK(end.exit_code == 1);
  const std::string said = "revecho-stress: cannot write to stdout: ";
  CHECK_THAT(end.errors, contains(said));
  CHECK(end.errors.find(said) == end.errors.rfind(said)); // not for each row
  CHECK_THAT(content(folder.path() + "/json"), contains("\"ok\": true") && contains("\"clients\": 2"));
}

TEST_CASE("stress: gives up reconnecting for its --messages when nobody takes a connection for --timeout", "[direct]") {
  std::uint16_t port = 0;
  {
    const listening_socket closed;
    port = closed.port();
  }
  const auto end = run("revecho-stress",
      {std::to_string(port), "--clients", "2", "--messages", "1", "--reconnect", "--timeout", "100ms"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot connect to "));
}
