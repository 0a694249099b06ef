// Clients and tools over UNIX sockets. Direct, because a proxy speaks TCP.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace revecho::test;

namespace {

const std::vector<std::string> clients{"revecho-sync-client", "revecho-async-client"};

} // namespace

TEST_CASE("client: asks over a UNIX socket", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const auto program = GENERATE(from_range(clients));
  CAPTURE(v.name, program);
  const temporary_folder folder;
  const auto name = "unix:" + folder.path() + "/socket";
  server_process server(v, {"--framing", "line"}, {name});
  const std::string large(100'000, 'x');
  const auto end = run(program, {"--framing", "line", "-v", "--to", name, "one", "two", large});
  CHECK(end.exit_code == 0);
  CHECK(end.errors.empty());
  CHECK((end.output == name + " one\neno\n" + name + " two\nowt\n" + name + " " + large + "\n" + large + "\n"));
  server.stop();
}

TEST_CASE("client, stress: say why they cannot connect to a UNIX socket", "[direct]") {
  const temporary_folder folder;
  const auto path = folder.path() + "/socket";
  const auto name = "unix:" + path;
  {
    server_process dead(variants().front(), {}, {name});
    dead.signal(SIGKILL);
    dead.wait();
  }
  for (const auto& program : clients) {
    CAPTURE(program);
    CHECK(run(program, {"--to", name + "2", "x"}).errors ==
          name + "2: 'x': cannot connect: No such file or directory; nothing listens there; is the server running?\n");
    CHECK(run(program, {"--to", name, "x"}).errors ==
          name + ": 'x': cannot connect: Connection refused; nothing listens there; is the server running?\n");
  }
  for (const auto& [to, reason] : {std::pair(name + "2", "No such file or directory"), {name, "Connection refused"}}) {
    const auto end = run("revecho-stress", {to, "--clients", "2", "--messages", "1"});
    CHECK(end.exit_code == 1);
    CHECK_THAT(end.errors, contains("cannot connect to " + to + ": " + reason));
  }
}

TEST_CASE("client: names the mode of a UNIX socket that it may not write to", "[direct]") {
  if (::geteuid() != 0) SKIP_TEST("only root can become somebody else");
  const temporary_folder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  const auto name = "unix:" + folder.path() + "/socket";
  server_process server(variants().front(), {"--socket-mode", "0600"}, {name});
  for (const auto& program : clients) {
    const auto end = run("/usr/bin/setpriv",
        {"--reuid", "65534", "--clear-groups", program_directory() + "/" + program, "--to", name, "x"});
    CHECK_THAT(end.errors, contains(": cannot connect: Permission denied; ") && contains("--socket-mode"));
  }
  server.stop();
}

TEST_CASE("client, stress: wait for room in the backlog of a UNIX socket", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const auto program = GENERATE(values<std::string>({"revecho-sync-client", "revecho-async-client", "revecho-stress"}));
  CAPTURE(v.name, program);
  if (program == "revecho-stress" && v.at_once == 1) return; // it sends when all are connected, which never comes
  const temporary_folder folder;
  const auto name = "unix:" + folder.path() + "/socket";
  server_process server(v, {"--framing", "line", "--backlog", "1"}, {name});
  server.pause();
  std::vector<std::string> options{"--framing", "line", "--timeout", "60s"};
  if (program == "revecho-stress") {
    options.insert(options.begin(), {name, "--clients", "6", "--messages", "1"});
  } else {
    options.insert(options.end(), {"--to", name, "1", "2", "3", "4", "5", "6"});
  }
  process tool(program, options);
  const std::size_t at_once = program == "revecho-sync-client" ? 1 : 6;
  CHECK(eventually([&] { return sockets_of(tool.id()) >= at_once; }));
  server.signal(SIGCONT);
  const auto end = tool.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  server.stop();
}

TEST_CASE("client, stress: do not wait for ever for room in the backlog of a UNIX socket", "[direct]") {
  const auto program = GENERATE(values<std::string>({"revecho-sync-client", "revecho-async-client", "revecho-stress"}));
  CAPTURE(program);
  const temporary_folder folder;
  const auto path = folder.path() + "/socket";
  server_process server(variants().front(), {"--framing", "line", "--backlog", "1"}, {"unix:" + path});
  server.pause();
  const auto one = peer::at_path(path);
  const auto two = peer::at_path(path);
  const auto end = program == "revecho-stress"
                       ? run(program, {"unix:" + path, "--clients", "3", "--messages", "1", "--timeout", "300ms"})
                       : run(program, {"--to", "unix:" + path, "--timeout", "300ms", "x", "y"});
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot connect") && contains("Connection timed out"));
}

TEST_CASE("stress: checks every reply over a UNIX socket, and reports nothing of TCP", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(v.name, framing);
  const temporary_folder folder;
  const auto name = "unix:" + folder.path() + "/socket";
  server_process server(v, {"--framing", framing}, {name});
  const auto end = run("revecho-stress",
      {name, "--framing", framing, "--clients", "3", "--messages", "20", "--size", "uniform:1..60KiB", "--json", "-"});
  CAPTURE(end.errors);
  REQUIRE(end.exit_code == 0);
  const auto document = nlohmann::json::parse(end.output);
  CHECK(document["config"]["to"] == name);
  CHECK(document["config"]["timestamps"] == false);
  CHECK(document["config"]["nodelay"] == false);
  const auto& level = document["levels"][0];
  CHECK(level["verified"] == 60);
  CHECK(level["retransmitted"].is_null());
  CHECK(level["latency_us"]["tool"]["count"] == 0);
  server.stop();
}

TEST_CASE("stress: half-closes, reconnects and pipelines over a UNIX socket", "[direct]") {
  const auto v = GENERATE(from_range(variants()));
  CAPTURE(v.name);
  const temporary_folder folder;
  const auto name = "unix:" + folder.path() + "/socket";
  server_process server(v, {"--framing", "length"}, {name});
  const auto end =
      run("revecho-stress", {name, "--framing", "length", "--clients", "4", "--messages", "60", "--session", "6",
                                "--pipeline", "3", "--half-close", "--threads", "2", "--json", "-"});
  CAPTURE(end.errors);
  REQUIRE(end.exit_code == 0);
  CHECK(nlohmann::json::parse(end.output)["levels"][0]["verified"] == 240);
  server.stop();
}

TEST_CASE("stress: writes its results though the path of its target is not UTF-8") {
  const std::string document = GENERATE("--json", "--events");
  const auto end = run("revecho-stress", {"unix:/nowhere/\xff", "--clients", "1", "--messages", "1", document, "-"});
  CAPTURE(document, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cannot connect to unix:/nowhere/"));
  CHECK_THAT(end.output, contains("/nowhere/\xef\xbf\xbd")); // U+FFFD
}

TEST_CASE("stress: refuses what only TCP has if its target is a UNIX socket") {
  const auto [option, value] = GENERATE(table<std::string, std::string>({{"--source", "127.0.0.1"},
      {"--source", "auto"}, {"--source-ports", "1-9"}, {"--send-proxy", "v1"}, {"--close", "reset"}}));
  const auto end = run("revecho-stress", {"unix:/nowhere", option, value});
  CHECK(end.exit_code == 2);
  CHECK_THAT(end.errors, contains(option) && contains(" is for TCP: "));
}

TEST_CASE("compare: compares TCP with UNIX sockets", "[direct]") {
  const auto end = compare({"--models", "sync threads,async(2),epoll", "--transport", "tcp,unix", "--clients", "2",
      "--delay", "0", "--repeat", "1", "--duration", "500ms", "--json", "-"});
  CAPTURE(end.errors);
  REQUIRE(end.exit_code == 0);
  const auto document = document_of(end);
  const auto& who = document["contestants"];
  REQUIRE(who.size() == 6);
  CHECK(who[0] == nlohmann::json{{"name", "sync threads"}, {"command", "revecho-sync-server --model threads"}});
  CHECK(who[1]["name"] == "sync threads unix");
  CHECK(who[1]["command"] == "revecho-sync-server --model threads --listen unix:PATH");
  for (const auto& each : who) {
    const auto run = result_of(scenario_of(end), each["name"])["runs"][0];
    CAPTURE(each);
    CHECK(run["accept_max_us"].is_null() == each["command"].get<std::string>().ends_with("unix:PATH"));
  }
}

TEST_CASE("compare: tells the story of the slow neighbor on UNIX sockets, too", "[direct]") {
  const auto end = compare({"--models", "epoll", "--transport", "unix", "--story", "slow-neighbor", "--repeat", "1",
      "--duration", "500ms", "--json", "-"});
  CAPTURE(end.errors);
  REQUIRE(end.exit_code == 0);
  CHECK(result_of(scenario_of(end), "epoll(1) unix")["runs"].size() == 1);
}

TEST_CASE("compare: takes a server that runs on a UNIX socket", "[direct]") {
  const temporary_folder folder;
  const auto name = "unix:" + folder.path() + "/socket";
  server_process server(variants().back(), {"--framing", "line"}, {name});
  const auto end = compare({"--against", "it=" + name, "--framing", "line", "--clients", "2", "--repeat", "1",
      "--duration", "500ms", "--json", "-"});
  CAPTURE(end.errors);
  REQUIRE(end.exit_code == 0);
  CHECK(document_of(end)["contestants"][0]["endpoint"] == name);
  server.stop();
}
