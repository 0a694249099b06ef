// Costs of a process that this program has not started, and of its descendants.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tools/child.hpp"
#include "tools/compare/running_process.hpp"

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace revecho::compare;
using namespace std::chrono_literals;
using revecho::test::contains;

namespace {

// A shell of its own process group, which ends with this.
class shell_script {
 public:
  explicit shell_script(const std::string& script) : process_(revecho::start_child("/bin/sh", {"-c", script})) {}
  ~shell_script() { end(); }
  shell_script(const shell_script&) = delete;
  shell_script& operator=(const shell_script&) = delete;

  pid_t id() const noexcept { return process_; }

  void end() {
    if (process_ < 0) return;
    ::kill(-process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  pid_t process_;
};

// Waits until it and its descendants have used so much more, however long that takes.
void wait_for_time(const running_process& p, std::chrono::nanoseconds more) {
  const auto before = costs_of(p).time;
  while (costs_of(p).time < before + more)
    std::this_thread::sleep_for(1ms);
}

constexpr auto busy = "while :; do :; done";

} // namespace

TEST_CASE("running process: is found by its number, and told from what is not there") {
  const auto own = find_process(::getpid());
  CHECK(own.number == ::getpid());
  CHECK_FALSE(has_ended(own));
  auto older = own;
  --older.started; // one that had the number before
  CHECK(has_ended(older));
  CHECK_THROWS_WITH(find_process(4194305), "there is no process 4194305 on this machine");
}

TEST_CASE("running process: has the time of its descendants, while they live and after they were waited for") {
  const auto [workers, at_once] = GENERATE(
      Catch::Generators::table<std::string, std::size_t>({{"while :; do :; done & while :; do :; done & wait", 3},
          {"while :; do (i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done); done", 1}})); // one may never be seen
  const shell_script server(workers);
  const auto p = find_process(server.id());
  process_watch watch(p);
  wait_for_time(p, 100ms);
  const auto used = watch.stop();
  CAPTURE(workers);
  CHECK(used.is_time_known);
  CHECK(used.user_time + used.system_time >= 80ms); // the times of those that ended are counted in steps of 10 ms
  CHECK(used.threads >= at_once);
  CHECK(used.peak_memory >= used.idle_memory);
  CHECK(used.peak_memory > 100'000);
}

// wait4() knows the time of the shell and of the children that it has waited for; one more may be running.
TEST_CASE("running process: has the time that the system tells once it has ended") {
  const pid_t server =
      revecho::start_child("/bin/sh", {"-c", "while :; do (i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done); done"});
  const auto p = find_process(server);
  wait_for_time(p, 300ms);
  ::kill(-server, SIGSTOP);
  const auto told = costs_of(p).time;
  ::kill(-server, SIGKILL);
  rusage used{};
  REQUIRE(::wait4(server, nullptr, 0, &used) == server);
  const std::chrono::nanoseconds time = std::chrono::seconds{used.ru_utime.tv_sec + used.ru_stime.tv_sec} +
                                        std::chrono::microseconds{used.ru_utime.tv_usec + used.ru_stime.tv_usec};
  CHECK(time > 200ms);
  CHECK(told > time - 50ms);
  CHECK(told < time + 100ms);
}

TEST_CASE("running process: has used nothing while it sleeps, and does not count the time before") {
  const shell_script server("i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; sleep 1000; :");
  const auto p = find_process(server.id());
  for (auto before = -1ns; before != costs_of(p).time || costs_of(p).threads < 2;) { // until it sleeps
    before = costs_of(p).time;
    std::this_thread::sleep_for(50ms);
  }
  process_watch watch(p);
  const auto used = watch.stop();
  CHECK(used.user_time + used.system_time < 20ms);
  CHECK(used.threads == 2);
}

TEST_CASE("running process: has ended once it is a zombie") {
  shell_script server(busy);
  const auto p = find_process(server.id());
  ::kill(server.id(), SIGKILL);
  siginfo_t information{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(server.id()), &information, WEXITED | WNOWAIT) == 0);
  CHECK(has_ended(p));
  CHECK_THROWS_WITH(costs_of(p), contains(" has ended"));
}

TEST_CASE("running process: has ended even if another process has its number") {
  shell_script server(busy);
  const auto p = find_process(server.id());
  process_watch watch(p);
  server.end();
  CHECK(has_ended(p));
  CHECK_THROWS_WITH(watch.stop(), contains(to_string(p) + " has ended"));
  CHECK_THROWS_WITH(process_watch(p), contains(" has ended"));
}
