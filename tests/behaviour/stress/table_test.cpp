// The table of revecho-stress: what it has room for, and when its rows come. Direct: this is not about what passes.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"
#include "tools/table.hpp"

#include <algorithm>
#include <future>
#include <string>
#include <vector>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

bool answer(peer& client, const request& r) {
  client.send(r.reply + '\n');
  return true;
}

words asking(const scripted_server& server, const words& more) {
  words all{server.address(), "--framing", "line"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::size_t widest(const std::string& shown) {
  std::size_t width = 0;
  for (const auto& line : lines_shown(shown))
    width = std::max(width, revecho::width_of(line));
  return width;
}

} // namespace

TEST_CASE("stress: shows all columns where no terminal is, and each remark as one line", "[direct]") {
  const scripted_server server(answering("line", answer));
  const auto end = run_in_shell("export COLUMNS=80", "revecho-stress",
      asking(server, {"--clients", "1", "--rate", "500", "--duration", "200ms"}));
  CAPTURE(end.output, end.errors);
  CHECK_THAT(end.output, contains(" offered ") && contains(" p90 ") && contains(" p99.9 ") &&
                             contains(" service p50 ") && contains(" unconnected ") && !contains("Left out"));
  CHECK_THAT(end.errors, contains("1 client: The window of 200 ms is short: figures will vary between runs.\n"));
}

TEST_CASE("stress: has a live line that is never as wide as its terminal", "[direct]") {
  const scripted_server server(answering("line", answer));
  const auto shown = show_on_terminal({"-u", "NO_COLOR", "TERM=xterm"}, "revecho-stress",
      asking(server, {"--clients", "2", "--duration", "1100ms"}), 60);
  CAPTURE(shown);
  CHECK_THAT(shown, contains("\r[####") && contains("Left out to fit 60 columns: "));
  CHECK(widest(shown) <= 60);
  const auto lines = lines_shown(shown);
  const bool is_over = std::all_of(lines.begin(), lines.end(),
      [](const std::string& line) { return line.find('[') == std::string::npos || revecho::width_of(line) < 60; });
  CHECK(is_over);
}

TEST_CASE("stress: shows the row of a level while nobody has answered the next one", "[direct]") {
  std::promise<void> row_is_seen;
  const auto seen = row_is_seen.get_future().share();
  const scripted_server server(answering("line", [&](peer& client, const request& r) {
    if (r.connection > 0) seen.wait_for(patience());
    return answer(client, r);
  }));
  process stress("revecho-stress", asking(server, {"--clients", "1,2", "--messages", "1", "--timeout", "1h"}));
  REQUIRE(eventually([&] { return stress.output().find("\n      1 ") != std::string::npos; }));
  CHECK(stress.output().find("\n      2 ") == std::string::npos);
  row_is_seen.set_value();
  const auto end = stress.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(end.output, StartsWith("clients ") && contains("\n      2 "));
  CHECK(end.output.rfind("clients ") == 0); // the titles once
}

TEST_CASE("stress: shows the rows of a search as its steps end, and what it found under them", "[direct]") {
  const scripted_server server(answering("line", answer));
  const auto end =
      run("revecho-stress", asking(server, {"--clients", "2", "--find-rate", "p50=1h", "--duration", "100ms"}));
  CAPTURE(end.output, end.errors);
  const auto rows = lines_shown(end.output).size() - 3; // without titles, rule and sentence
  const auto said = lines_shown(end.errors);
  const auto is_step = [](const std::string& line) { return line.find("/s for ") != std::string::npos; };
  CHECK(rows == static_cast<std::size_t>(std::count_if(said.begin(), said.end(), is_step)));
  CHECK_THAT(end.output, contains("/s  ") && contains("\n\nThe highest rate with p50 at most 1h: "));
}

TEST_CASE("stress: shows on a terminal each remark under its row", "[direct]") {
  const scripted_server server(answering("line", [](peer& client, const request& r) {
    client.send(r.message + '\n');
    return true;
  }));
  const auto environment = GENERATE(words{"NO_COLOR=1"}, words{"-u", "NO_COLOR", "TERM=xterm"});
  const auto shown =
      show_on_terminal(environment, "revecho-stress", asking(server, {"--clients", "1,2", "--messages", "1"}), 100);
  CAPTURE(shown);
  std::size_t last = 0;
  for (const std::string part : {"clients ", "----", "      1 ", "1 client: 1 wrong: echoed unchanged.\r\n", "      2 ",
           "2 clients: 2 wrong: echoed unchanged.\r\n", "Left out to fit 100 columns: "}) {
    const auto place = shown.find(part, last);
    CAPTURE(part);
    REQUIRE(place != std::string::npos);
    last = place;
  }
}
