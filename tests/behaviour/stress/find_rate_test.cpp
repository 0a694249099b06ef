// The search for the highest rate, against servers whose capacity is known. Direct: a proxy has a capacity of its own.
#include "tests/support/catch.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> searching(std::uint16_t port, const std::string& target, const std::string& duration,
    const std::vector<std::string>& more = {}) {
  std::vector<std::string> all{
      std::to_string(port), "--framing", "line", "--clients", "4", "--find-rate", target, "--duration", duration};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// One message every 2 ms for all connections together. Each has a place in a timetable, so that a thread that wakes
// late costs no capacity. Message `hiccup` takes 400 ms.
class timetable {
 public:
  explicit timetable(std::size_t hiccup) : hiccup_(hiccup) {}

  void wait_for_place() {
    const auto place = next_place();
    std::this_thread::sleep_until(place);
    if (std::chrono::steady_clock::now() - place > 10ms) ++late_;
  }

  /// Two tries of 200 messages fail if a tenth of these are late.
  bool is_disturbed() const { return late_ >= 20; }

 private:
  std::chrono::steady_clock::time_point next_place() {
    const std::lock_guard lock(mutex_);
    free_ = std::max(free_, std::chrono::steady_clock::now()) + (served_++ == hiccup_ ? 400ms : 2ms);
    return free_;
  }

  std::mutex mutex_;
  std::chrono::steady_clock::time_point free_{};
  std::size_t hiccup_;
  std::size_t served_ = 0;
  std::atomic<int> late_ = 0;
};

constexpr std::size_t never = ~std::size_t{0};

} // namespace

TEST_CASE("stress: finds the rate that a server can serve, even if it has a hiccup", "[direct]") {
  const auto hiccup = GENERATE(never, std::size_t{900}); // after two tries of 400 messages
  const auto table = std::make_shared<timetable>(hiccup);
  const scripted_server server(answering("line", [table](peer& client, const request& r) {
    table->wait_for_place();
    client.send(r.reply + '\n');
    return true;
  }));
  const auto end = run("revecho-stress", searching(server.port(), "p90=30ms", "400ms", {"--json", "-"}));
  CAPTURE(hiccup, end.output, end.errors);
  const auto document = nlohmann::json::parse(end.output);
  const auto& found = document["found_rate"];
  // 8 % more than 500/s still hold in so short a step: it ends before the queue is 30 ms long.
  if (!found["highest_passed"].is_null()) CHECK(found["highest_passed"] <= 560.0);
  if (found["limited"] == true || table->is_disturbed()) SKIP_TEST("the machine is too busy for the rest");
  CHECK(end.exit_code == 0);
  CHECK(document["ok"] == true);
  CHECK(found["highest_passed"] >= 440.0);
  CHECK(found["ended"] == "found");
  CHECK(found["lowest_failed"] >= found["highest_passed"]);
  CHECK(found["lowest_failed"] <= 600.0);
}

TEST_CASE("stress: tells each step of a search, and what it found", "[direct]") {
  const server_process server(variants().back(), {"--framing", "line"});
  const auto end = run("revecho-stress", searching(server.port(), "p99=50ms", "200ms"));
  CAPTURE(end.output, end.errors);
  CHECK_THAT(end.errors, contains("1k/s for 1.1 s: net p99 ") && contains(", try 2: "));
  CHECK_THAT(end.output, contains("\nThe highest rate with p99 at most 50 ms: "));
  CHECK(end.exit_code == (end.errors.find(", holds\n") != std::string::npos ? 0 : 1)); // not on a very busy machine
}

TEST_CASE("stress: ends a search at once if nobody listens", "[direct]") {
  const auto port = listening_socket().port(); // closed again
  const auto end = run("revecho-stress", searching(port, "p99=5ms", "1s", {"--json", "-"}));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 1);
  const auto document = nlohmann::json::parse(end.output);
  CHECK(document["levels"].size() == 1);
  CHECK(document["found_rate"]["ended"] == "unanswered");
  CHECK(document["found_rate"]["highest_passed"].is_null());
  CHECK(document["found_rate"]["lowest_failed"].is_null());
  CHECK(document["ok"] == false);
}

TEST_CASE("stress: reports what a search knows when it is interrupted", "[direct]") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  const server_process server(variants().back(), {"--framing", "line"});
  process tool("revecho-stress", searching(server.port(), "p99=1h", "100ms"));
  tool.wait_for_error_text(", holds\n");
  tool.signal(signal);
  const auto end = tool.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 130);
  CHECK_THAT(end.output,
      contains("The highest rate with p99 at most ") && contains(": at least ") && EndsWith(": interrupted\n"));
}
