// revecho-compare and what a server, or the network before it, does to a connection.
#include "tests/support/catch.hpp"
#include "tests/support/chunking_proxy.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <chrono>
#include <csignal>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

words load_on(const std::string& framing, const words& against) {
  words all{"--framing", framing, "--clients", "2", "--duration", "100ms", "--repeat", "1", "--json", "-"};
  for (const auto& who : against)
    all.insert(all.end(), {"--against", who});
  return all;
}

} // namespace

TEST_CASE("compare: names a connection that ends in the middle of a reply, and goes on with the other") {
  const std::string framing = GENERATE("raw", "line", "length");
  const bool orderly = GENERATE(true, false);
  const scripted_server cutting(answering(framing, [=](peer& client, const request& r) {
    client.send(framed(framing, r.reply).substr(0, 33));
    if (!orderly) client.reset();
    return false;
  }));
  const scripted_server good(honest(framing));
  const auto end = compare(load_on(framing, {"cutting=" + cutting.address(), "good=" + good.address()}));
  CAPTURE(framing, orderly, end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("cutting under 2 clients") && contains(" lost") && contains(" of the reply"));
  CHECK(result_of(scenario_of(end), "cutting")["runs"].empty());
  CHECK(result_of(scenario_of(end), "good")["runs"][0]["lost"] == 0);
}

TEST_CASE("compare: names a server that finds the messages too long, and goes on with the other") {
  const auto v = GENERATE(from_range(variants()));
  const std::string framing = GENERATE("line", "length");
  const server_process narrow(v, {"--framing", framing, "--max-message", "63"});
  const server_process good(v, {"--framing", framing, "--max-message", "64"});
  const auto end =
      compare(load_on(framing, {"narrow=" + std::to_string(narrow.port()), "good=" + std::to_string(good.port())}));
  CAPTURE(v.name, framing, end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("narrow under 2 clients") && contains("the connection was closed after 0 of "));
  CHECK(result_of(scenario_of(end), "good")["runs"][0]["lost"] == 0);
}

TEST_CASE("compare: shows that a server is silent, calls it no success, and does not wait for it") {
  const scripted_server silent([](peer& client) { client.receive_all(); });
  const scripted_server good(honest("line"));
  const auto end = compare(load_on("line", {"silent=" + silent.address(), "good=" + good.address()}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("silent under ") && contains(": nobody was answered in 100 ms\n"));
  CHECK(document_of(end)["ok"] == false);
  const auto scenario = scenario_of(end);
  CHECK(result_of(scenario, "silent")["runs"][0]["unserved"] == 2);
  CHECK(result_of(scenario, "good")["runs"][0]["unserved"] == 0);
  CHECK(scenario["verdict"]["winner"] == "good");
}

TEST_CASE("compare: names a server that takes no connection, and goes on with the other") {
  const listening_socket full(0);
  const peer only(full.port());
  const scripted_server good(honest("line"));
  const auto end = compare(load_on("line", {"full=" + std::to_string(full.port()), "good=" + good.address()}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("full under 2 clients") && contains("Connection timed out"));
  CHECK(result_of(scenario_of(end), "good")["runs"].size() == 1);
}

TEST_CASE("compare: names a server of its own that is stopped, kills it, and goes on with the other") {
  comparison c({"--models", "async,sync threads", "--clients", "3", "--delay", "1ms", "--duration", "300ms", "--repeat",
      "1", "--json", "-"});
  ::kill(c.wait_for_server_of(3), SIGSTOP);
  const auto end = c.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("async(1) under 3 clients") && contains("revecho-async-server did not stop in 10 s"));
  CHECK(result_of(scenario_of(end), "sync threads")["runs"].size() == 1);
  CHECK(c.children().empty());
  CHECK(c.files().empty());
}

TEST_CASE("compare: finds nothing wrong with replies that come in pieces, together, or late") {
  const std::string framing = GENERATE("line", "length", "eof");
  const server_process server(variants().front(), {"--framing", framing});
  const chunking_proxy cutting(server.port(), 1);
  const auto end = compare(load_on(framing, {"cut=" + std::to_string(cutting.port())}));
  CAPTURE(framing, end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(result_of(scenario_of(end), "cut")["runs"][0]["replies"] > 0);
  CHECK(cutting.seen().slices > 0);
}

TEST_CASE("compare: ends at a signal while the slow neighbor is still connecting") {
  const listening_socket full(0);
  const peer only(full.port());
  comparison c({"--against", "silent=" + std::to_string(full.port()), "--story", "slow-neighbor"});
  REQUIRE(eventually([&] { return sockets_of(c.tool().id()) > 0; }));
  const auto before = std::chrono::steady_clock::now();
  c.tool().signal(SIGINT);
  CHECK(c.wait().exit_code == 130);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds{8}); // it gives up connecting after ten
}
