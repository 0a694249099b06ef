// The exit code of revecho-stress, and its reason: the default rule and --fail-if.
#include "tests/support/catch.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
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

TEST_CASE("stress: fails if it is worse than its baseline, and says by which figure", "[direct]") {
  std::atomic<std::chrono::milliseconds> pause = 2ms;
  scripted_server server(answering("line", [&](peer& client, const request& r) {
    std::this_thread::sleep_for(pause.load());
    client.send(r.reply + '\n');
    return true;
  }));
  const temporary_folder folder;
  const auto before = folder.path() + "/before.json";
  const words load{server.address(), "--framing", "line", "--clients", "2", "--duration", "6s", "--quiet"};
  const auto with = [&](const words& more) {
    words all = load;
    all.insert(all.end(), more.begin(), more.end());
    return run("revecho-stress", all);
  };
  REQUIRE(with({"--json", before}).exit_code == 0);
  pause = 40ms;
  const auto xml = folder.path() + "/junit.xml";
  const auto end = with({"--baseline", before, "--tolerance", "20%", "--junit", xml, "--json", "-"});
  CAPTURE(end.output, end.errors);
  const auto document = nlohmann::json::parse(end.output);
  CHECK(document["baseline"]["file"] == before);
  CHECK(document["baseline"]["tolerance"] == 0.2);
  const auto& level = document["levels"][0];
  CHECK(level["baseline"]["p99"]["worse"].is_null()); // of so few replies it is not known
  if (level["baseline"]["rate"]["worse"].is_null()) SKIP_TEST("the machine is too busy");
  CHECK(end.exit_code == 1);
  CHECK(level["baseline"]["rate"]["worse"] == true);
  CHECK(level["baseline"]["faults"]["worse"] == false);
  CHECK_THAT(end.errors, contains("2 clients: failed: rate is ") && contains(" and was ") &&
                             contains(" in " + before + ": worse by more than 20 %\n") && contains("failed: p50 is "));
  std::ifstream in(xml);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  CHECK_THAT(text, contains("tests=\"4\" failures=\"2\"") && contains("name=\"faults no worse than in " + before));
}

TEST_CASE("stress: refuses a baseline that it cannot compare with") {
  const temporary_folder folder;
  const auto file = folder.path() + "/old.json";
  std::ofstream(file) << R"({"revecho_stress": 1, "config": {"clients": [3]}, "levels": []})";
  const words options{"--clients", "2", "--duration", "6s", "--baseline"};
  const auto with = [&](const std::string& name) {
    words all = options;
    all.push_back(name);
    return run("revecho-stress", all);
  };
  const auto other = with(file);
  CHECK(other.exit_code == 2);
  CHECK_THAT(other.errors, contains("--baseline: " + file + " is of another load: clients was [3], and is [2]; "));
  const auto none = with(folder.path() + "/none.json");
  CHECK(none.exit_code == 1);
  CHECK_THAT(none.errors, contains("cannot read " + folder.path() + "/none.json: No such file"));
  const auto folder_itself = with(folder.path());
  CHECK(folder_itself.exit_code != 0);
  CHECK_THAT(folder_itself.errors, contains(folder.path()));
}
