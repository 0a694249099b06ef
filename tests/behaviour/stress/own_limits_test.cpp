// revecho-stress where it is itself the limit: stopped, under a CPU quota, or without a processor of its own.
#include "tests/support/catch.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/skip.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/support/wire.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <list>
#include <sched.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace revecho::test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> stressing(std::uint16_t port, const std::string& duration) {
  return {std::to_string(port), "--framing", "line", "--clients", "20", "--duration", duration, "--json", "-"};
}

nlohmann::json level_of(const outcome& end) {
  const auto document = nlohmann::json::parse(end.output, nullptr, false);
  REQUIRE_FALSE(document.is_discarded());
  return document["levels"][0];
}

bool write_to(const std::filesystem::path& file, const std::string& text) {
  std::ofstream to(file);
  to << text << std::flush;
  return to.good();
}

// A control group whose processes get a twentieth of a processor, if this machine lets us make one: of version 2 or 1.
// The tool uses that up on a busy machine, too.
class small_quota {
 public:
  small_quota() {
    const std::string name = "revecho-test-" + std::to_string(::getpid());
    for (const std::filesystem::path root : {"/sys/fs/cgroup", "/sys/fs/cgroup/cpu"}) {
      std::error_code error;
      if (!std::filesystem::exists(root / "cgroup.procs")) continue;
      if (!std::filesystem::create_directory(root / name, error) || error) continue;
      path_ = root / name;
      if (write_to(path_ / "cpu.max", "5000 100000") || write_to(path_ / "cpu.cfs_quota_us", "5000")) return;
      std::filesystem::remove(path_, error);
      path_.clear();
    }
  }
  ~small_quota() {
    std::error_code busy;
    if (!path_.empty()) eventually([&] { return std::filesystem::remove(path_, busy); });
  }
  small_quota(const small_quota&) = delete;
  small_quota& operator=(const small_quota&) = delete;

  bool exists() const { return !path_.empty(); }
  /// A command for a shell that joins the group.
  std::string join() const { return "echo $$ > " + (path_ / "cgroup.procs").string(); }

 private:
  std::filesystem::path path_;
};

// The first processor that may be used, -1 if that is not known.
int some_processor() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return -1;
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(static_cast<std::size_t>(i), &usable)) return i;
  return -1;
}

} // namespace

TEST_CASE("stress: does not take a standstill of its own for an outage of the server", "[direct]") {
  std::atomic<int> answered = 0;
  const scripted_server server(answering("line", [&](peer& client, const request& r) {
    client.send(r.reply + '\n');
    ++answered;
    return true;
  }));
  process tool("revecho-stress", stressing(server.port(), "1400ms"));
  REQUIRE(eventually([&] { return answered > 100; }));
  tool.signal(SIGSTOP);
  std::this_thread::sleep_for(1100ms); // a second without a reply is an outage
  tool.signal(SIGCONT);
  const auto end = tool.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto level = level_of(end);
  CHECK(level["outages"].empty());
  CHECK(level["latency_us"]["service"]["max"] < 1'000'000);
  CHECK(level["generator"]["longest_standstill_s"] > 1.0);
  CHECK(level["generator"]["unmeasured"] >= 1);
  CHECK(level["generator"]["limited"] == true);
  CHECK(level["generator"]["limited_by"] == "standstill");
  CHECK_THAT(end.errors,
      contains("The load tool itself stood still for ") && contains("no outage of the server") && !contains("Outage"));
}

TEST_CASE("stress: calls no reply late because it was itself stopped for longer than the time-out", "[direct]") {
  std::atomic<int> asked = 0;
  std::atomic<bool> stopped = false;
  const scripted_server server(answering("line", [&](peer& client, const request& r) {
    ++asked;
    if (r.number == 1) eventually([&] { return stopped.load(); });
    client.send(r.reply + '\n');
    return true;
  }));
  process tool("revecho-stress", {std::to_string(server.port()), "--framing", "line", "--clients", "1", "--messages",
                                     "2", "--timeout", "1s", "--json", "-"});
  REQUIRE(eventually([&] { return asked == 2; }));
  tool.signal(SIGSTOP);
  std::this_thread::sleep_for(1300ms);
  tool.signal(SIGCONT); // and only now the server answers
  stopped = true;
  const auto end = tool.wait();
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(level_of(end)["verified"] == 2);
}

TEST_CASE("stress: is limited by a CPU quota that it uses up, and says so", "[direct]") {
  const small_quota group;
  if (!group.exists()) SKIP_TEST("no control group with a CPU quota can be made here");
  const server_process server(variants().back(), {"--framing", "line"});
  const auto end = run_in_shell(group.join(), "revecho-stress", stressing(server.port(), "500ms"));
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  const auto generator = level_of(end)["generator"];
  CHECK(generator["limited"] == true);
  CHECK(generator["throttled_s"] > 0);
  CHECK(generator["run_delay_s"] > 0);
  CHECK_THAT(end.errors, contains("The load tool itself "));
}

TEST_CASE("stress: is limited by programs that share its processor, and says so", "[direct]") {
  const int processor = some_processor();
  const std::string pin = "taskset -p -c " + std::to_string(processor) + " $$ > /dev/null || exit 77";
  // The server, too: both then wait alike, however busy the machine is with others.
  const server_process server(behind(pin, variants().back()), {"--framing", "line"});
  std::list<process> loops;
  for (int i = 0; i < 3; ++i)
    loops.emplace_back(shell, std::vector<std::string>{"-c", pin + "; while :; do :; done"});
  const auto end = run_in_shell(pin, "revecho-stress", stressing(server.port(), "500ms"));
  CAPTURE(end.output, end.errors);
  if (end.exit_code == 77) SKIP_TEST("programs cannot be pinned to a processor here");
  CHECK(end.exit_code == 0);
  const auto generator = level_of(end)["generator"];
  if (generator["run_delay_s"] == 0) SKIP_TEST("this kernel does not tell how long a thread waits for a processor");
  CHECK(generator["limited"] == true);
  CHECK_THAT(end.errors, contains("The load tool itself "));
}
