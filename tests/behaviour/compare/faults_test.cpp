// revecho-compare when something goes wrong: it is named, the others go on, and nothing is left behind.
#include "tests/support/build.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

std::string content(const std::string& name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Never gets ready.
void put_fake_server(const std::string& file) {
  std::ofstream(file) << "#!/bin/sh\necho thinking >&2\nexec sh -c 'while :; do sleep 1; done' 0 \"$@\"\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
}

// A folder with the tool in it.
void copy_programs(const temporary_folder& to, const words& programs) {
  for (const auto& program : programs)
    std::filesystem::copy_file(program_directory() + "/" + program, to.path() + "/" + program);
}

const words short_load{"--clients", "2", "--delay", "0", "--duration", "200ms", "--repeat", "2"};

words with_short_load(const words& more) {
  auto all = short_load;
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void check_nothing_is_left(const comparison& c) {
  CHECK(c.children().empty());
  CHECK(c.files().empty());
}

} // namespace

TEST_CASE("compare: names the lie of a server, and goes on with the other") {
  const scripted_server liar(answering("line", [](peer& client, const request& r) {
    client.send(framed("line", r.message));
    return true;
  }));
  const scripted_server good(honest("line"));
  const temporary_folder folder;
  const auto json = folder.path() + "/results";
  const auto end = compare({"--against", "liar=" + liar.address(), "--against", "good=" + good.address(), "--framing",
      "line", "--clients", "2", "--duration", "200ms", "--repeat", "2", "--json", json});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("liar under 2 clients") && contains("echoed unchanged") && contains("expected"));
  CHECK_THAT(unwrapped(end.output), contains("liar failed: ") && contains("good: "));
  const auto document = nlohmann::json::parse(content(json));
  CHECK(document["ok"] == false);
  const auto& scenario = document["scenarios"][0];
  CHECK_THAT(result_of(scenario, "liar")["failure"], contains("echoed unchanged"));
  CHECK(result_of(scenario, "liar")["runs"].empty());
  CHECK(result_of(scenario, "good")["runs"].size() == 2);
  CHECK(scenario["verdict"]["winner"] == "good");
}

TEST_CASE("compare: names an endpoint that refuses, and goes on with the other") {
  std::uint16_t port = 0;
  {
    const listening_socket gone;
    port = gone.port();
  }
  const bool refuses = GENERATE(true, false); // or is not to be found
  const auto end = compare({"--against", "gone=" + (refuses ? std::to_string(port) : "no..host:7"), "--models", "async",
      "--clients", "2", "--duration", "200ms", "--repeat", "1", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(
      end.errors, contains("gone under 2 clients") && contains(refuses ? "Connection refused" : "Host not found"));
  CHECK(result_of(scenario_of(end), "async(1)")["runs"].size() == 1);
}

TEST_CASE("compare: names a server that dies in mid-run and how, and goes on with the other") {
  const auto [signal, how] = GENERATE(table<int, std::string>({{SIGKILL, "signal 9"}, {SIGTERM, "exit code 0"}}));
  comparison c({"--models", "async,sync threads", "--clients", "3", "--delay", "1ms", "--duration", "1s", "--repeat",
      "1", "--json", "-"});
  ::kill(c.wait_for_server_of(3), signal);
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(
      end.errors, contains("async(1) under 3 clients") && contains("revecho-async-server ended") && contains(how));
  const auto scenario = scenario_of(end);
  CHECK_THAT(result_of(scenario, "async(1)")["failure"], contains("revecho-async-server ended"));
  CHECK(result_of(scenario, "sync threads")["runs"].size() == 1);
  check_nothing_is_left(c);
}

TEST_CASE("compare: names a program that is not there, and goes on with the others") {
  const temporary_folder folder;
  copy_programs(folder, {"revecho-compare", "revecho-async-server"});
  comparison c(with_short_load({"--models", "sync threads,async,sync iterative"}), ":", folder.path());
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("sync threads under 2 clients") && contains("sync iterative under 2 clients") &&
                             contains(folder.path() + "/revecho-sync-server: No such file"));
  CHECK_THAT(unwrapped(end.output), contains("async(1): ") && contains("sync threads failed: cannot run "));
  check_nothing_is_left(c);
}

TEST_CASE("compare: names a program that does not start, with the last lines of its log") {
  const temporary_folder folder;
  copy_programs(folder, {"revecho-compare", "revecho-async-server"});
  const auto fake = folder.path() + "/revecho-sync-server";
  std::ofstream(fake) << "#!/bin/sh\necho no license for this moon phase >&2\nexit 3\n";
  std::filesystem::permissions(fake, std::filesystem::perms::owner_all);
  comparison c(with_short_load({"--models", "sync threads,async"}), ":", folder.path());
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("sync threads under 2 clients") && contains("did not start") &&
                             contains("no license for this moon phase") && !contains("async(1)"));
  CHECK_THAT(unwrapped(end.output), contains("async(1): ") && contains("sync threads failed: "));
  check_nothing_is_left(c);
}

TEST_CASE("compare: ends a program that never gets ready") {
  const temporary_folder folder;
  copy_programs(folder, {"revecho-compare", "revecho-async-server"});
  put_fake_server(folder.path() + "/revecho-sync-server");
  comparison c(with_short_load({"--models", "sync threads,async"}), ":", folder.path());
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("was not ready in 10 s") && contains("thinking"));
  CHECK_THAT(unwrapped(end.output), contains("async(1): "));
  check_nothing_is_left(c);
}

TEST_CASE("compare: ends early when it is told to, with what there is, and leaves nothing behind") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP); // the last: its terminal was closed
  const temporary_folder folder;
  const auto json = folder.path() + "/results";
  comparison c({"--models", "async,sync threads", "--clients", "2", "--delay", "0", "--duration", "200ms", "--repeat",
      "1000", "--json", json});
  const auto first = c.wait_for_server_of(2);
  REQUIRE(eventually([&] { return c.wait_for_server_of(2) != first; }));
  c.tool().signal(signal);
  const auto end = c.wait();
  CAPTURE(signal, end.output, end.errors);
  CHECK(end.exit_code == 130);
  CHECK_THAT(end.output, contains("async(1)") && contains("replies/s"));
  CHECK_THAT(end.errors, contains("nterrupted"));
  const auto document = nlohmann::json::parse(content(json));
  CHECK(document["ok"] == false);
  CHECK(result_of(document["scenarios"][0], "async(1)")["runs"].size() > 0);
  CHECK(result_of(document["scenarios"][0], "async(1)")["failure"].is_null());
  check_nothing_is_left(c);
}

TEST_CASE("compare: does not say that those failed who had no turn before it was interrupted") {
  comparison c(
      {"--models", "async,sync threads", "--clients", "2,3", "--delay", "0", "--duration", "1h", "--repeat", "1"});
  static_cast<void>(c.wait_for_server_of(2));
  c.tool().signal(SIGINT);
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 130);
  CHECK_THAT(end.output, contains("async(1)") && contains("not run") && !contains("failed") && !contains("Nobody"));
  check_nothing_is_left(c);
}

TEST_CASE("compare: ends a story when it is told to") {
  comparison c({"--story", "limit", "--repeat", "1000", "--json", "-"});
  REQUIRE(eventually([&] { return c.children().size() == 1; })); // the server; a client has no file
  REQUIRE(eventually([&] { return sockets_of(c.children().at(0)) > 1; }));
  c.tool().signal(SIGINT);
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 130);
  const auto document = document_of(end);
  CHECK(document["ok"] == false);
  CHECK(document["stories"][0]["rows"][0]["runs"].empty()); // it would take 5 s
  CHECK(document["verdicts"].empty());
  check_nothing_is_left(c);
}

TEST_CASE("compare: ends when it is told to while a server starts") {
  const auto load = GENERATE(values<words>({{"--story", "limit"}, {"--models", "sync threads"}}));
  const temporary_folder folder;
  copy_programs(folder, {"revecho-compare", "revecho-sync-client"});
  put_fake_server(folder.path() + "/revecho-sync-server");
  comparison c(load, ":", folder.path());
  REQUIRE(eventually([&] { return c.children().size() == 1; }));
  c.tool().signal(SIGINT);
  const auto end = c.wait();
  CAPTURE(load, end.output, end.errors);
  CHECK(end.exit_code == 130);
  CHECK(end.errors == "interrupted: showing partial results\n"); // and not that it was not ready in 10 s
  check_nothing_is_left(c);
}

TEST_CASE("compare: is not survived by a server when it is killed") {
  const auto load = GENERATE(values<words>({{"--story", "limit"},
      {"--models", "async", "--clients", "2", "--delay", "0", "--duration", "1h", "--repeat", "1"}}));
  comparison c(load);
  REQUIRE(eventually([&] { return c.children().size() == 1 && sockets_of(c.children().at(0)) > 1; }));
  c.tool().signal(SIGKILL);
  CHECK(c.wait().signal == SIGKILL);
  CHECK(eventually([&] { return c.children().empty(); }));
}

TEST_CASE("compare: names the program of a story that is not there") {
  const temporary_folder folder;
  copy_programs(folder, {"revecho-compare", "revecho-sync-server", "revecho-async-server", "revecho-sync-client"});
  comparison c({"--story", "five-requests", "--repeat", "1"}, ":", folder.path());
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("five-requests") && contains("revecho-async-client: No such file"));
  check_nothing_is_left(c);
}

TEST_CASE("compare: lacks descriptors before it starts anything, and says how to get them") {
  std::atomic<int> connections = 0;
  outcome end;
  {
    const scripted_server server([&](peer&) { ++connections; });
    end = compare({"--against", "a=" + server.address(), "--clients", "1,1000", "--repeat", "1", "--duration", "200ms"},
        "ulimit -n 128");
  }
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("1000 clients need ") && contains("128") && contains("ulimit"));
  CHECK(end.output.empty());
  CHECK(connections == 0);
}

TEST_CASE("compare: measures with the descriptors there are") {
  const auto end = compare(
      {"--models", "async,sync threads", "--clients", "60", "--duration", "200ms", "--repeat", "1"}, "ulimit -Sn 64");
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
}
