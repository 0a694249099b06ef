// The exit code of revecho-stress, and its reason: the default rule and --fail-if.
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

using words = std::vector<std::string>;

outcome stress(const std::string& address, const words& more) {
  words all{address, "--framing", "line", "--clients", "2", "--json", "-", "--quiet"};
  all.insert(all.end(), more.begin(), more.end());
  return run("revecho-stress", all);
}

} // namespace

TEST_CASE("stress: fails for what --fail-if names, and says it even if it is to be quiet", "[direct]") {
  scripted_server server([](peer& client) {
    message_reader reader(client, "line");
    for (int number = 0; const auto message = reader.next(); ++number) {
      if (number == 20) std::this_thread::sleep_for(500ms);
      client.send(reversed(*message) + '\n');
    }
  });
  const words load{"--messages", "100"};
  const auto with = [&](const words& more) {
    words all = load;
    all.insert(all.end(), more.begin(), more.end());
    return stress(server.address(), all);
  };
  const auto lossless = with({});
  CHECK(lossless.exit_code == 0);
  CHECK(lossless.errors.empty());
  const temporary_folder folder;
  const auto file = (folder / "junit.xml").string();
  const auto end = with({"--fail-if", "max>400ms,lost>0", "--fail-if", "max>1h", "--junit", file});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  CHECK_THAT(end.errors, contains("2 clients: failed: max is 50") && contains(" ms (max>400ms)\n"));
  const auto document = nlohmann::json::parse(end.output);
  CHECK(document["ok"] == false);
  CHECK(document["levels"][0]["failures"].size() == 1);
  std::ifstream in(file);
  const std::string xml{std::istreambuf_iterator<char>(in), {}};
  CHECK_THAT(xml, contains("tests=\"4\" failures=\"1\"") && contains("name=\"max&gt;1h\""));
}

TEST_CASE("stress: does not fail for a wrong reply with --fail-if none, and does without", "[direct]") {
  scripted_server server(answering("line", [](peer& client, const request& r) {
    client.send((r.total == 3 ? "no" : r.reply) + '\n');
    return true;
  }));
  const auto strict = stress(server.address(), {"--messages", "10"});
  CAPTURE(strict.output, strict.errors);
  CHECK(strict.exit_code == 1);
  CHECK_THAT(strict.errors, contains("2 clients: failed: 1 wrong\n"));
}

TEST_CASE("stress: takes --fail-if none at its word", "[direct]") {
  scripted_server server(answering("line", [](peer& client, const request& r) {
    client.send((r.total == 3 ? "no" : r.reply) + '\n');
    return true;
  }));
  CHECK(stress(server.address(), {"--messages", "10", "--fail-if", "none,lost>0"}).exit_code == 0);
}

TEST_CASE("stress: refuses a condition that makes no sense") {
  const auto end = run("revecho-stress", {"--fail-if", "p99=5ms"});
  CHECK(end.exit_code == 2);
  CHECK_THAT(end.errors, contains("'p99=5ms' is not a condition: write it like p99>5ms"));
}
