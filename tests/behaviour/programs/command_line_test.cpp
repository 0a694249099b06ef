// The command lines of the programs, from end to end.
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/text_matchers.hpp"

#include <string>
#include <vector>

using namespace revecho::test;

namespace {

const std::vector<std::string> servers{"revecho-sync-server", "revecho-async-server", "revecho-epoll-server"};
const std::vector<std::string> clients{"revecho-sync-client", "revecho-async-client"};
const std::vector<std::string> programs{
    servers[0], servers[1], clients[0], clients[1], "revecho-stress", "revecho-compare"};

struct bad_line {
  std::vector<std::string> arguments;
  std::string named; // what the message must name
};

void check_usage_error(const std::string& program, const bad_line& bad) {
  CAPTURE(program, bad.arguments);
  const auto end = run(program, bad.arguments);
  CHECK(end.exit_code == 2);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, StartsWith(program + ": "));
  CHECK_THAT(end.errors, contains(bad.named));
  CHECK_THAT(end.errors, EndsWith("\n" + program + " --help says what is allowed\n"));
}

} // namespace

TEST_CASE("programs: print help with examples on stdout, and exit with 0") {
  for (const auto& program : programs) {
    CAPTURE(program);
    const auto end = run(program, {"--help"});
    CHECK(end.exit_code == 0);
    CHECK_THAT(end.output, contains("Examples:\n  " + program));
    CHECK_THAT(end.output, contains("--framing"));
    CHECK(end.errors.empty());
  }
}

TEST_CASE("programs: print name and version on stdout, and exit with 0") {
  for (const auto& program : programs) {
    CAPTURE(program);
    const auto end = run(program, {"--version"});
    CHECK(end.exit_code == 0);
    CHECK_THAT(end.output, StartsWith(program + " ") && EndsWith("\n"));
    CHECK(end.errors.empty());
  }
}

TEST_CASE("programs: exit with 1 when help cannot be printed, and by no signal") {
  for (const auto& program : programs) {
    CAPTURE(program);
    process help(program, {"--help"}, pipe_end::closed);
    const auto end = help.wait();
    CHECK(end.signal == 0);
    CHECK(end.exit_code == 1);
  }
}

TEST_CASE("programs: exit as they should when nobody reads what they complain about, and by no signal") {
  for (const auto& program : programs) {
    CAPTURE(program);
    process bad(program, {"--no-such-option"}, pipe_end::read, pipe_end::closed);
    CHECK(bad.wait().exit_code == 2);
    const std::vector<std::string> impossible =
        program.ends_with("server")   ? std::vector<std::string>{"--listen", "192.0.2.1:0"}
        : program.ends_with("client") ? std::vector<std::string>{"--to", "127.0.0.1:1"}
        : program.ends_with("stress") ? std::vector<std::string>{"127.0.0.1:1", "--clients", "1"}
                                      : std::vector<std::string>{"--join", "/nonexistent/file"};
    process failing(program, impossible, pipe_end::read, pipe_end::closed);
    failing.write_input("message\n");
    failing.close_input();
    CHECK(failing.wait().exit_code == 1);
  }
}

TEST_CASE("servers: exit with 2, naming what is wrong, for a bad command line") {
  const auto bad = GENERATE(values<bad_line>({
      {{"--no-such-option"}, "--no-such-option"},
      {{"stray"}, "stray"},
      {{"--listen", ""}, "--listen"},
      {{"--listen", "65536"}, "--listen"},
      {{"--listen", "-1"}, "--listen"},
      {{"--listen", "::1:80"}, "--listen"},
      {{"--listen", "[::1:80"}, "--listen"},
      {{"--listen", "127.0.0.1:7", "--listen", "127.0.0.1:7"}, "given already"},
      {{"--listen", "unix:a", "--listen", "unix:a"}, "given already"},
      {{"--listen", "unix:"}, "the path is missing"},
      {{"--socket-mode", "0600"}, "--socket-mode goes with --listen unix:PATH only"},
      {{"--socket-mode", "0800", "--listen", "unix:a"}, "not an octal number up to 0777"},
      {{"--socket-mode", "1777", "--listen", "unix:a"}, "not an octal number up to 0777"},
      {{"--reuse-port", "--listen", "unix:a"}, "--reuse-port goes with a port only"},
      {{"--framing", "lines"}, "raw|line|length|eof"},
      {{"--framing"}, "--framing"},
      {{"--max-message", "0"}, "--max-message"},
      {{"--max-message", "2GiB"}, "--max-message"},
      {{"--max-connections", "0"}, "--max-connections"},
      {{"--max-connections", "1e99"}, "--max-connections"},
      {{"--idle-timeout", "-1s"}, "--idle-timeout"},
      {{"--message-timeout", "5"}, "--message-timeout"},
      {{"--write-timeout", "1e99s"}, "--write-timeout"},
      {{"--delay", "uniform:5s..1s"}, "--delay"},
      {{"--backlog", "65536"}, "--backlog"},
      {{"--exit-after", "0"}, "--exit-after"},
      {{"--threads", "0"}, "--threads"},
      {{"--log-level", "loud"}, "debug|error|info|warning"},
      {{"--max-message", "1", "--max-message", "2"}, "--max-message"},
  }));
  for (const auto& program : servers)
    check_usage_error(program, bad);
}

TEST_CASE("servers: refuse what only the other twin has") {
  check_usage_error("revecho-async-server", {{"--model", "threads"}, "--model"});
  check_usage_error("revecho-sync-server", {{"--threads", "2"}, "--threads goes with --model pool only"});
  check_usage_error("revecho-sync-server", {{"--model", "thread"}, "iterative|pool|threads"});
  check_usage_error("revecho-sync-client", {{"--max-in-flight", "2", "message"}, "--max-in-flight"});
}

TEST_CASE("clients: exit with 2, naming what is wrong, for a bad command line") {
  const auto bad = GENERATE(values<bad_line>({
      {{"--no-such-option", "message"}, "--no-such-option"},
      {{"--to", "0", "message"}, "--to"},
      {{"--to", "host:port", "message"}, "--to"},
      {{"--to", "", "message"}, "--to"},
      {{"--framing", "none", "message"}, "raw|line|length|eof"},
      {{"--timeout", "soon", "message"}, "--timeout"},
      {{""}, "an empty message cannot be sent raw; use line, length or eof"},
      {{"--framing", "line", "two\nlines"}, "a line cannot contain a line break; use length"},
      {{"--framing", "line", "carriage\r"}, "a line cannot end in a carriage return; use length"},
  }));
  for (const auto& program : clients)
    check_usage_error(program, bad);
}
