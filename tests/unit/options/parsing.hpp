// Command lines parsed without starting a program: the options, or how the parser refused them.
#pragma once

#include "tests/support/capture.hpp"
#include "tests/support/catch.hpp"

#include "shared/options/client_options.hpp"
#include "shared/options/command_line.hpp"
#include "shared/options/server_options.hpp"

#include <array>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

namespace revecho::testing {

using arguments = std::vector<std::string>;

template <class Options>
struct parsed {
  std::optional<Options> options;
  std::optional<int> exit_code;
  std::string out;
  std::string err;
};

// While it lives, stdin is this text: at most what a pipe holds.
class given_stdin {
 public:
  explicit given_stdin(const std::string& text) : before_(::dup(STDIN_FILENO)) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  ~given_stdin() {
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }
  given_stdin(const given_stdin&) = delete;
  given_stdin& operator=(const given_stdin&) = delete;

 private:
  int before_;
};

// Parses with stdout and stderr caught, and `input` as stdin.
template <class Parse>
auto run(Parse parse, const std::string& kind, twin which, const arguments& args, const std::string& input) {
  const std::string program = std::string(which == twin::sync ? "revecho-sync-" : "revecho-async-") + kind;
  std::vector<const char*> argv{program.c_str()};
  for (const auto& arg : args)
    argv.push_back(arg.c_str());
  parsed<decltype(parse(which, program, 0, argv.data()))> result;
  const given_stdin in(input);
  captured out(STDOUT_FILENO);
  captured err(STDERR_FILENO);
  try {
    result.options = parse(which, program, static_cast<int>(argv.size()), argv.data());
  } catch (const early_exit& exit) {
    result.exit_code = exit.code;
  }
  result.err = err.text();
  result.out = out.text();
  return result;
}

inline auto server(twin which, const arguments& args) { return run(parse_server_options, "server", which, args, ""); }

inline auto client(twin which, const arguments& args, const std::string& input = "") {
  return run(parse_client_options, "client", which, args, input);
}

// Exit code 2, nothing on stdout, and each of the words in the message on stderr.
template <class Options>
void check_refused(const parsed<Options>& result, const arguments& args, const arguments& words) {
  std::string line;
  for (const auto& arg : args)
    line += " '" + arg + "'";
  CAPTURE(line, result.err);
  CHECK(result.exit_code == exit_usage);
  CHECK(result.out == "");
  for (const auto& word : words) {
    CAPTURE(word);
    CHECK(result.err.find(word) != std::string::npos);
  }
}

} // namespace revecho::testing
