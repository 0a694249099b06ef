// The command lines of both clients, and what all programs answer alike, without starting any.
#include "tests/unit/options/parsing.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace revecho;
using namespace revecho::testing;
using namespace std::chrono_literals;

namespace {

client_options client_with(const arguments& args, const std::string& input = "", twin which = twin::async) {
  const auto result = client(which, args, input);
  INFO(result.err);
  REQUIRE(result.options);
  CHECK(result.err + result.out == "");
  return *result.options;
}

void check_client_refuses(twin which, const arguments& args, arguments words) {
  words.push_back(which == twin::sync ? "revecho-sync-client" : "revecho-async-client");
  check_refused(client(which, args), args, words);
}

} // namespace

TEST_CASE("client options: have the documented defaults") {
  const auto o = client_with({"Hello Server!"});
  CHECK(o.messages == arguments{"Hello Server!"});
  CHECK(o.to == std::vector<endpoint>{{"127.0.0.1", 6789}});
  CHECK(o.framing_kind == framing::raw);
  CHECK(o.timeout == 10s);
  CHECK(o.max_in_flight == 1000);
  CHECK_FALSE(o.verbose);
  CHECK_FALSE(o.time);
}

TEST_CASE("client options: take every option") {
  const auto o = client_with({"--to", "1", "--to", "[::1]:2", "one", "--framing", "length", "--timeout", "250ms",
      "--max-in-flight", "5", "-v", "--time", "two", ""});
  CHECK(o.messages == arguments{"one", "two", ""});
  CHECK(o.to == std::vector<endpoint>{{"127.0.0.1", 1}, {"::1", 2}});
  CHECK(o.framing_kind == framing::length);
  CHECK(o.timeout == 250ms);
  CHECK(o.max_in_flight == 5);
  CHECK(o.verbose);
  CHECK(o.time);
  CHECK(client_with({"--verbose", "x"}, "", twin::sync).verbose);
}

TEST_CASE("client options: take messages as they are, whatever is in them") {
  for (const std::string message :
      {"[a,b]", "[abc]", "[]", "{}", "%%", "a b", "\"quoted\"", "a=b", "\xff\x80", "a\\n"}) {
    CAPTURE(message);
    CHECK(client_with({message}).messages == arguments{message});
    CHECK(client_with({"x", message, "y"}).messages == arguments{"x", message, "y"});
  }
  CHECK(client_with({"--", "--to", "-5", "--"}).messages == arguments{"--to", "-5", "--"});
}

TEST_CASE("client options: take the lines of stdin if there are no messages") {
  CHECK(client_with({}, "one\ntwo\n").messages == arguments{"one", "two"});
  CHECK(client_with({}, "one\ntwo").messages == arguments{"one", "two"});
  CHECK(client_with({"--framing", "line"}, "\n").messages == arguments{""});
  CHECK(client_with({}, "").messages.empty());
  CHECK(client_with({"x"}, "one\ntwo\n").messages == arguments{"x"});
}

TEST_CASE("client options: refuse bad values, naming the option and what is allowed") {
  const twin which = GENERATE(twin::sync, twin::async);
  const std::vector<std::pair<arguments, arguments>> table{
      {{"x", "--to", "[::1]"}, {"--to", "'[::1]' is not an endpoint"}}, {{"--bogus", "x"}, {"--bogus"}},
      {{"x", "--to", ""}, {"--to", "HOST:PORT"}}, {{"x", "--to", "65536"}, {"--to", "HOST:PORT"}},
      {{"x", "--to", "0"}, {"--to", "from 1 to 65535"}},
      {{"x", "--framing", "?"}, {"--framing", "raw|line|length|eof"}},
      {{"x", "--timeout", "-1"}, {"--timeout", "10ms"}}, {{"x", "--timeout", "1e99"}, {"--timeout", "10ms"}},
      {{"x", "--timeout", "1s", "--timeout", "1s"}, {"--timeout"}},
      {{"x", "--framing", "raw", "--framing", "raw"}, {"--framing"}},
      {{""}, {"an empty message", "line, length or eof"}}, {{"x", ""}, {"an empty message"}},
      {{"--framing", "line", "a\nb"}, {"a line", "line break", "length"}},
      {{"--framing", "line", "a\r"}, {"a line", "carriage return", "length"}}};
  for (const auto& [args, words] : table)
    check_client_refuses(which, args, words);
  check_refused(client(which, {}, "one\n\ntwo\n"), {}, {"an empty message"});
}

TEST_CASE("client options: have --max-in-flight only where several are") {
  check_client_refuses(twin::sync, {"x", "--max-in-flight", "5"}, {"--max-in-flight"});
  for (const std::string bad : {"0", "-1", "1000001", "1e99", ""})
    check_client_refuses(twin::async, {"x", "--max-in-flight", bad}, {"--max-in-flight", "from 1 to 1000000"});
}

TEST_CASE("options: --help and --version go to stdout and are a success") {
  const twin which = GENERATE(twin::sync, twin::async);
  const std::string name = which == twin::sync ? "revecho-sync-" : "revecho-async-";
  for (const arguments& args : {arguments{"--help"}, arguments{"-h"}, arguments{"--framing", "line", "--help"}}) {
    const auto of_server = server(which, args);
    const auto of_client = client(which, args);
    CHECK(of_server.exit_code == exit_success);
    CHECK(of_client.exit_code == exit_success);
    CHECK(of_server.err + of_client.err == "");
    CHECK(of_server.out.find("Examples:\n  " + name + "server") != std::string::npos);
    CHECK(of_client.out.find("Examples:\n  " + name + "client") != std::string::npos);
    CHECK((of_server.out.find("--model") != std::string::npos) == (which == twin::sync));
    CHECK((of_client.out.find("--max-in-flight") != std::string::npos) == (which == twin::async));
  }
  const auto version = server(which, {"--version"});
  CHECK(version.exit_code == exit_success);
  CHECK(version.out.starts_with(name + "server "));
  CHECK(version.err == "");
  CHECK(client(which, {"--version"}).out.starts_with(name + "client "));
}
