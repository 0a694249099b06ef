// The command lines of both servers, without starting any.
#include "tests/unit/options/parsing.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace revecho;
using namespace revecho::testing;
using namespace std::chrono_literals;

namespace {

server_options server_with(const arguments& args, twin which = twin::sync) {
  const auto result = server(which, args);
  INFO(result.err);
  REQUIRE(result.options);
  CHECK(result.err + result.out == "");
  return *result.options;
}

void check_server_refuses(twin which, const arguments& args, arguments words) {
  words.push_back(which == twin::sync ? "revecho-sync-server" : "revecho-async-server");
  check_refused(server(which, args), args, words);
}

} // namespace

TEST_CASE("server options: have the documented defaults") {
  const twin which = GENERATE(twin::sync, twin::async);
  const auto o = server_with({}, which);
  CHECK(o.listen == std::vector<endpoint>{{"127.0.0.1", 6789}});
  CHECK(o.port_file == "");
  CHECK(o.framing_kind == framing::raw);
  CHECK(o.max_message == 1024 * 1024);
  CHECK(o.max_connections == 0);
  CHECK(o.delay.is_zero());
  CHECK_FALSE(o.seed);
  CHECK_FALSE(o.reuse_port);
  CHECK(o.stats_interval == 0ns);
  CHECK(o.format == log_format::text);
  CHECK(o.level == log_level::info);
  CHECK(o.exit_after == 0);
  CHECK_FALSE(o.proxy_protocol);
  CHECK(o.threads == (which == twin::sync ? 10 : 1));
  if (which == twin::sync) CHECK(o.model == server_model::threads);
}

TEST_CASE("server options: have the defaults that --help shows") {
  const auto o = server_with({});
  const auto same = server_with({"--idle-timeout", "5m", "--message-timeout", "30s", "--write-timeout", "30s",
      "--drain-timeout", "10s", "--backlog", "4096"});
  CHECK(o.idle_timeout == same.idle_timeout);
  CHECK(o.message_timeout == same.message_timeout);
  CHECK(o.write_timeout == same.write_timeout);
  CHECK(o.drain_timeout == same.drain_timeout);
  CHECK(o.backlog == same.backlog);
}

TEST_CASE("server options: take every option") {
  const twin which = GENERATE(twin::sync, twin::async);
  arguments args{"--listen", "[::1]:0", "--listen", "localhost:80", "--listen", "[::1]:0", "--port-file", "p",
      "--framing", "line", "--max-message", "2KiB", "--max-connections", "7", "--idle-timeout", "1s",
      "--message-timeout", "2s", "--write-timeout", "3s", "--drain-timeout", "0", "--delay", "uniform:1ms..3ms",
      "--seed", "0", "--backlog", "5", "--reuse-port", "--stats", "6s", "--log-format", "json", "--log-level",
      "warning", "--exit-after", "8", "--threads=3", "--proxy-protocol"};
  if (which == twin::sync) args.push_back("--model=pool");
  const auto o = server_with(args, which);
  CHECK(o.listen == std::vector<endpoint>{{"::1", 0}, {"localhost", 80}, {"::1", 0}});
  CHECK(o.port_file == "p");
  CHECK(o.framing_kind == framing::line);
  CHECK(o.max_message == 2048);
  CHECK(o.max_connections == 7);
  CHECK(o.idle_timeout == 1s);
  CHECK(o.message_timeout == 2s);
  CHECK(o.write_timeout == 3s);
  CHECK(o.drain_timeout == 0s);
  CHECK(o.delay.text() == "uniform:1ms..3ms");
  CHECK(o.seed == 0U);
  CHECK(o.backlog == 5);
  CHECK(o.reuse_port);
  CHECK(o.stats_interval == 6s);
  CHECK(o.format == log_format::json);
  CHECK(o.level == log_level::warning);
  CHECK(o.exit_after == 8);
  CHECK(o.proxy_protocol);
  CHECK(o.threads == 3);
  if (which == twin::sync) CHECK(o.model == server_model::pool);
}

TEST_CASE("server options: take the mode of socket files in octal") {
  for (const auto& [text, mode] :
      std::vector<std::pair<std::string, unsigned>>{{"0660", 0660}, {"600", 0600}, {"0", 0}, {"0777", 0777}})
    CHECK(server_with({"--listen", "unix:a", "--listen", "unix:b", "--socket-mode", text}).socket_mode == mode);
  CHECK_FALSE(server_with({"--listen", "unix:a"}).socket_mode);
}

TEST_CASE("server options: take every word that they list") {
  for (const framing f : framings)
    CHECK(server_with({"--framing", std::string(to_string(f))}).framing_kind == f);
  CHECK(server_with({"--model", "iterative"}).model == server_model::iterative);
  CHECK(server_with({"--model", "threads"}).model == server_model::threads);
  CHECK(server_with({"--log-level", "debug"}).level == log_level::debug);
  CHECK(server_with({"--log-level", "error"}).level == log_level::error);
  CHECK(server_with({"--max-message", "1"}).max_message == 1);
  CHECK(server_with({"--max-message", "1GiB"}).max_message == max_message_ceiling);
}

TEST_CASE("server options: refuse bad values, naming the option and what is allowed") {
  const twin which = GENERATE(twin::sync, twin::async);
  const std::vector<std::pair<arguments, arguments>> table{{{"--bogus"}, {"--bogus"}}, {{"extra"}, {"extra"}},
      {{"--listen", "65536"}, {"--listen", "'65536'", "0 to 65535"}}, {{"--listen", ""}, {"--listen", "HOST:PORT"}},
      {{"--listen", "-1"}, {"--listen", "HOST:PORT"}}, {{"--listen", "::1:80"}, {"--listen", "needs brackets"}},
      {{"--listen", "1", "2"}, {"2"}}, {{"--listen"}, {"--listen"}}, {{"--listen="}, {"--listen"}},
      {{"--listen", ":1", "--listen", "127.0.0.1:1"}, {"--listen", "given already"}},
      {{"--port-file", ""}, {"--port-file", "file name"}},
      {{"--framing", "words"}, {"--framing", "raw|line|length|eof"}},
      {{"--framing", ""}, {"--framing", "raw|line|length|eof"}},
      {{"--max-message", "0"}, {"--max-message", "1 byte to 1GiB"}},
      {{"--max-message", "2GiB"}, {"--max-message", "1 byte to 1GiB"}},
      {{"--max-message", "1e99"}, {"--max-message", "1MiB"}}, {{"--max-message", "-1"}, {"--max-message", "1MiB"}},
      {{"--max-message", ""}, {"--max-message", "1MiB"}},
      {{"--max-connections", "0"}, {"--max-connections", "from 1 to"}},
      {{"--max-connections", "1e99"}, {"--max-connections", "from 1 to"}},
      {{"--idle-timeout", "5"}, {"--idle-timeout", "10ms"}},
      {{"--message-timeout", "-1s"}, {"--message-timeout", "10ms"}},
      {{"--write-timeout", "9999h"}, {"--write-timeout", "8760h"}},
      {{"--drain-timeout", ""}, {"--drain-timeout", "10ms"}}, {{"--delay", "1e99"}, {"--delay", "'1e99'"}},
      {{"--delay", "normal:1s"}, {"--delay", "uniform:0s..5s", "exp:50ms"}},
      {{"--seed", "-1"}, {"--seed", "from 0 to 18446744073709551615"}},
      {{"--backlog", "0"}, {"--backlog", "from 1 to 65535"}}, {{"--stats", "often"}, {"--stats", "10ms"}},
      {{"--stats", "99ms"}, {"--stats", "'99ms' is shorter than 100 ms"}},
      {{"--log-format", "xml"}, {"--log-format", "json|text"}},
      {{"--log-level", "loud"}, {"--log-level", "debug|error|info|warning"}},
      {{"--exit-after", "0"}, {"--exit-after", "from 1 to"}}};
  for (const auto& [args, words] : table)
    check_server_refuses(which, args, words);
}

TEST_CASE("server options: refuse a second value where one is meant, even the same") {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"--port-file", "p"},
           {"--framing", "raw"}, {"--max-message", "1"}, {"--max-connections", "1"}, {"--idle-timeout", "1s"},
           {"--message-timeout", "1s"}, {"--write-timeout", "1s"}, {"--drain-timeout", "1s"}, {"--delay", "1s"},
           {"--seed", "1"}, {"--backlog", "1"}, {"--stats", "1s"}, {"--log-format", "text"}, {"--log-level", "info"},
           {"--exit-after", "1"}, {"--model", "pool"}, {"--threads", "1"}})
    check_server_refuses(twin::sync, {name, value, name, value}, {name});
}

TEST_CASE("server options: refuse models and threads where they mean nothing") {
  check_server_refuses(twin::sync, {"--model", "nonsense"}, {"--model", "'nonsense'", "iterative", "threads", "pool"});
  check_server_refuses(twin::sync, {"--threads", "3"}, {"--threads", "--model pool"});
  check_server_refuses(twin::sync, {"--threads", "3", "--model", "iterative"}, {"--threads", "--model pool"});
  check_server_refuses(twin::async, {"--model", "pool"}, {"--model"});
  for (const std::string bad : {"0", "-1", "1025", "1e99", ""}) {
    check_server_refuses(twin::sync, {"--model", "pool", "--threads", bad}, {"--threads", "from 1 to 1024"});
    check_server_refuses(twin::async, {"--threads", bad}, {"--threads", "from 1 to 1024"});
  }
}

TEST_CASE("server options: take --log-messages with --log-level debug only") {
  CHECK(server_with({"--log-messages", "--log-level", "debug"}).log_messages);
  CHECK_FALSE(server_with({"--log-level", "debug"}).log_messages);
  check_server_refuses(twin::sync, {"--log-messages"}, {"--log-messages", "add --log-level debug"});
  check_server_refuses(twin::async, {"--log-messages", "--log-level", "info"}, {"add --log-level debug"});
}

TEST_CASE("server options: take a value in square brackets as it is written") {
  CHECK(server_with({"--port-file", "[p]"}).port_file == "[p]");
  check_server_refuses(twin::sync, {"--framing", "[raw]"}, {"'[raw]'", "raw|line|length|eof"});
  check_server_refuses(twin::sync, {"--listen", "[6789]"}, {"'[6789]'", "HOST:PORT"});
  check_server_refuses(twin::sync, {"--listen", "[::1]"}, {"'[::1]'", "HOST:PORT"});
}

TEST_CASE("shortest_timeout: is that of the time-outs that are set") {
  CHECK(shortest_timeout(server_with({"--idle-timeout", "3s", "--message-timeout", "2s"})) == 2s);
  CHECK(
      shortest_timeout(server_with({"--idle-timeout", "3s", "--message-timeout", "0", "--write-timeout", "0"})) == 3s);
  CHECK(shortest_timeout(server_with({"--idle-timeout", "0", "--message-timeout", "0", "--write-timeout", "0"})) == 0s);
}
