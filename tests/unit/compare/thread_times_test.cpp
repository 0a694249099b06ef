// How the processor time of a server divides among its threads, from files that the test makes up.
#include "tests/support/catch.hpp"
#include "tools/child.hpp"
#include "tools/compare/thread_times.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

using namespace revecho::compare;
using namespace std::chrono_literals;

namespace {

void write_thread(const std::filesystem::path& process, const std::string& number, const std::string& text) {
  const auto folder = process / "task" / number;
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "schedstat") << text;
}

} // namespace

TEST_CASE("thread times: are those of all threads that tell theirs") {
  const revecho::temporary_folder process;
  CHECK(thread_times_of(process.path()).empty());
  write_thread(process.path(), "100", "20073233 28497870 11\n");
  write_thread(process.path(), "7", "5 6 7\n");
  write_thread(process.path(), "8", "");
  write_thread(process.path(), "other", "1 2 3\n");
  std::filesystem::create_directories(process / "task/9"); // it ends just now
  CHECK(thread_times_of(process.path()) == thread_times{{7, 5ns}, {100, 20073233ns}});
}

TEST_CASE("thread times: are known of this process, if the kernel counts them") {
  if (!std::filesystem::exists("/proc/self/schedstat")) return;
  CHECK(thread_times_of("/proc/self").count(::getpid()) == 1);
}

TEST_CASE("thread times: have a busiest thread, by what it spent in between") {
  CHECK(busiest_share({{1, 1h}}, {{1, 1h}, {2, 50ms}, {3, 30ms}, {4, 20ms}}) == 0.5);
  CHECK(busiest_share({{1, 1h}, {2, 50ms}, {3, 50ms}}, {{1, 1h}, {2, 80ms}, {3, 80ms}}) == 0.5);
  CHECK(busiest_share({{1, 50ms}, {2, 50ms}}, {{2, 100ms}}) == 1.0); // the other one has ended
  CHECK(busiest_share({{2, 1h}}, {{1, 30ms}, {2, 10ms}}) == 0.75);   // another one has its number
}

TEST_CASE("thread times: have no busiest thread if that can be anything") {
  CHECK_FALSE(busiest_share({}, {}));
  CHECK_FALSE(busiest_share({}, {{1, 10ms}, {2, 9ms}}));
}
