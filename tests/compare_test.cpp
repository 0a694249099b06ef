// revecho-compare as a process.
#include "tests/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/text_matchers.hpp"

using namespace revecho::test;

TEST_CASE("compare: sets all servers side by side, and says what was seen") {
  const std::string framing = GENERATE("raw", "line", "length", "eof");
  CAPTURE(framing);
  const auto end =
      run("revecho-compare", {"--framing", framing, "--clients", "1,3", "--delay", "1ms", "--duration", "100ms"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  for (const std::string server : {"sync iterative", "sync pool of 10", "sync threads", "async"})
    CHECK_THAT(end.output, contains("\n" + server + "  ") || contains("\n\n" + server + "  "));
  CHECK_THAT(end.output, contains("\nWith 3 clients and 1ms of waiting in each request, "));
}

TEST_CASE("compare: refuses a bad load before it starts anything") {
  const auto end = run("revecho-compare", {"--delay", "soon"});
  CHECK(end.exit_code == 2);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, contains("--delay") && contains("duration"));
}
