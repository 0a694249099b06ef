// Times of processors, parsed from /proc/stat.
#include "tests/support/catch.hpp"
#include "tools/compare/processor_times.hpp"

#include <chrono>
#include <sstream>
#include <string>

using namespace revecho::compare;
using namespace std::chrono_literals;

namespace {

const std::string two_processors = "cpu  30 3 30 30 3 3 3 3 0 0\n"
                                   "cpu0 10 1 20 700 5 2 3 4 0 0\n"
                                   "cpu1 20 2 10 800 6 1 0 1 0 0\n"
                                   "intr 12345 0 1\n";

std::optional<processor_times> times(const std::vector<int>& cpus, const std::string& text) {
  std::istringstream stat(text);
  return processor_times_of(cpus, stat);
}

} // namespace

TEST_CASE("processor times: are those of the processors that are asked for") {
  const auto first = times({0}, two_processors);
  REQUIRE(first);
  CHECK(first->user == 110ms);
  CHECK(first->system == 200ms);
  CHECK(first->irq == 20ms);
  CHECK(first->softirq == 30ms);
  CHECK(first->steal == 40ms);
  CHECK(first->busy() == 360ms);
  const auto both = times({0, 1}, two_processors);
  REQUIRE(both);
  CHECK(both->busy() == 360ms + 330ms);
  CHECK((*both - *first).user == 220ms);
}

TEST_CASE("processor times: are not known where the system does not tell them of each") {
  CHECK_FALSE(times({}, two_processors)); // a server that is not pinned uses any
  CHECK_FALSE(times({1, 2}, two_processors));
  CHECK_FALSE(times({0}, ""));
  CHECK_FALSE(times({0}, "cpu  1 2\ncpu0 1 2 3\n"));
}

TEST_CASE("processor times: tell that others used the processors, beyond what the kernel's steps explain") {
  const auto used = [](std::chrono::milliseconds busy, std::chrono::milliseconds stolen) {
    return processor_times{.user = busy, .steal = stolen};
  };
  CHECK_FALSE(is_disturbed(used(1000ms, 0ms), 1000ms, 1s, 1));
  CHECK_FALSE(is_disturbed(used(1050ms, 50ms), 1000ms, 1s, 1)); // 3 %, and a step at each end
  CHECK(is_disturbed(used(1060ms, 0ms), 1000ms, 1s, 1));
  CHECK(is_disturbed(used(1000ms, 60ms), 1000ms, 1s, 1));
  CHECK_FALSE(is_disturbed(used(300ms, 0ms), 320ms, 1s, 1)); // the steps lag behind
  CHECK(is_disturbed(used(1400ms, 0ms), 1000ms, 10s, 1));
  CHECK_FALSE(is_disturbed(used(1400ms, 0ms), 1000ms, 10s, 2));
}
