// Run delay and throttling of the load tool, as the system reports them.
#include "tests/support/catch.hpp"
#include "tools/child.hpp"
#include "tools/stress/own_time.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

using namespace revecho;
using namespace revecho::stress;
using namespace std::chrono_literals;

namespace {

void write(const std::filesystem::path& group, const std::string& statistics) {
  std::filesystem::create_directories(group);
  std::ofstream(group / "cpu.stat") << statistics;
}

std::chrono::nanoseconds throttled(const std::string& groups, const std::filesystem::path& root) {
  std::istringstream in(groups);
  return throttled_time(in, root);
}

} // namespace

TEST_CASE("throttled time: is that of a process's control group and of those around it, in version 2") {
  const temporary_folder root;
  write(root.path(), "usage_usec 7\n");
  write(root.path() + "/outer", "usage_usec 7\nnr_throttled 3\nthrottled_usec 2000\n");
  write(root.path() + "/outer/inner", "usage_usec 7\nnr_throttled 1\nthrottled_usec 500\n");
  CHECK(throttled("0::/outer/inner\n", root.path()) == 2500us);
  CHECK(throttled("0::/outer\n", root.path()) == 2ms);
  CHECK(throttled("0::/\n", root.path()) == 0ns);
}

TEST_CASE("throttled time: is that of the cpu controller, in version 1") {
  const temporary_folder root;
  write(root.path() + "/cpu,cpuacct/a", "nr_periods 9\nnr_throttled 3\nthrottled_time 700\n");
  write(root.path() + "/memory/a", "throttled_time 9999\n");
  CHECK(throttled("9:memory:/a\n8:cpu,cpuacct:/a\n0::/\n", root.path()) == 700ns);
}

TEST_CASE("throttled time: is what the outermost group tells when a container hides the others") {
  const temporary_folder root;
  write(root.path() + "/cpu", "throttled_time 600\n");
  CHECK(throttled("8:cpu:/docker/0123\n", root.path()) == 600ns);
}

TEST_CASE("throttled time: is none where nothing tells") {
  const temporary_folder root;
  CHECK(throttled("", root.path()) == 0ns);
  CHECK(throttled("nonsense\n0::/gone\n", root.path()) == 0ns);
  CHECK(throttled_time() >= 0ns);
  CHECK(run_delay_of_thread().time >= 0ns);
}
