// The machine's record and its warnings, read from made-up /proc and /sys trees.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tools/child.hpp"
#include "tools/compare/cpus.hpp"
#include "tools/host_json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <string>

using namespace revecho;
using revecho::test::contains;

namespace {

class machine {
 public:
  void write(const std::string& name, const std::string& text) const {
    const auto file = root() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << "\n";
  }
  std::filesystem::path root() const { return folder_.path(); }

 private:
  temporary_folder folder_;
};

// "siblings": the processors of its core, as the kernel lists them.
void write_processor(const machine& m, int number, const std::string& siblings, int node) {
  const auto cpu = fmt::format("sys/devices/system/cpu/cpu{}/", number);
  m.write(cpu + "topology/thread_siblings_list", siblings);
  m.write(cpu + "topology/physical_package_id", std::to_string(node));
  m.write(fmt::format("{}node{}/cpulist", cpu, node), "");
}

std::string all_warnings(const host& h) { return fmt::format("{}", fmt::join(warnings_about(h), "\n")); }

} // namespace

TEST_CASE("host: reads all of its fields from /proc and /sys") {
  const machine m;
  m.write("proc/cpuinfo", "processor\t: 0\nmodel name\t: A Fast One\nflags\t\t: fpu hypervisor sse");
  m.write("proc/version", "Linux version 6.1.0 (somebody) #1 SMP PREEMPT_DYNAMIC Debian 6.1");
  m.write("proc/loadavg", "3.50 1.00 0.50 1/100 4242");
  m.write("proc/self/cgroup", "0::/outer/inner");
  m.write("sys/fs/cgroup/outer/cpu.max", "150000 100000");
  m.write("sys/fs/cgroup/outer/inner/cpu.max", "max 100000");
  m.write("sys/fs/cgroup/outer/memory.max", "1048576");
  m.write("sys/kernel/debug/sched/preempt", "none (voluntary) full");
  m.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave");
  m.write("sys/devices/system/cpu/intel_pstate/no_turbo", "0");
  m.write("sys/devices/system/cpu/vulnerabilities/meltdown", "Not affected");
  m.write("sys/devices/system/cpu/vulnerabilities/spectre_v2", "Mitigation: Retpolines");
  for (int number = 0; number < 8; ++number) {
    const int first = number - number % 4 / 2 * 2;
    write_processor(m, number, fmt::format("{},{}", first, first + 2), number < 4 ? 0 : 1);
  }
  const auto h = host_of(m.root(), {0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(h.cpu == "A Fast One");
  CHECK(h.is_virtual);
  CHECK(h.usable_cpus == 8);
  CHECK(h.cores == 4);
  CHECK(h.sockets == 2);
  CHECK(h.nodes == 2);
  CHECK(h.smt);
  CHECK(h.preemption == "PREEMPT_DYNAMIC, voluntary");
  CHECK(h.governor == "powersave");
  CHECK(h.boost == true);
  CHECK(h.cpu_quota == 1.5);
  CHECK(h.memory_limit_bytes == 1048576.0);
  CHECK(h.load == 3.5);
  CHECK(h.mitigations == std::map<std::string, std::string>{{"spectre_v2", "Mitigation: Retpolines"}});
  const auto said = all_warnings(h);
  CHECK_THAT(said, contains("governor is powersave") && contains("Boost is on"));
  CHECK_THAT(said, contains("allows 1.5 of 8 processors") && contains("a load of 3.5 on 8 processors"));
  CHECK_THAT(said, contains("virtual machine") && !contains("There is one core"));
  const auto again = nlohmann::ordered_json(h).get<host>();
  CHECK(nlohmann::ordered_json(again) == nlohmann::ordered_json(h));
}

TEST_CASE("host: leaves fields empty for missing files, and warns of nothing then") {
  const machine m;
  const auto h = host_of(m.root(), {0, 1});
  CHECK(h.cpu == "unknown");
  CHECK(h.cores == 2);
  CHECK_FALSE(h.smt);
  CHECK_FALSE(h.boost);
  CHECK_FALSE(h.load);
  CHECK(warnings_about(h).empty());
  const auto j = nlohmann::ordered_json(h);
  CHECK(j["governor"].is_null());
  CHECK(j["cpu_quota"].is_null());
}

TEST_CASE("host: knows how much of a virtual machine's time others had") {
  const machine m;
  m.write("proc/cpuinfo", "flags\t: fpu hypervisor");
  m.write("proc/stat", "cpu  100 0 50 800 0 0 10 40 7 7\ncpu0 1 1 1 1 1 1 1 900 0 0");
  const auto h = host_of(m.root(), {0});
  CHECK(h.stolen == 0.04);
  CHECK_THAT(all_warnings(h), contains("whose neighbors had 4 % of its time"));
  m.write("proc/stat", "cpu 1 2 3");
  CHECK_FALSE(host_of(m.root(), {0}).stolen);
}

TEST_CASE("host: has limits of control groups of version 1, too") {
  const machine m;
  m.write("proc/self/cgroup", "5:memory:/x\n4:cpu,cpuacct:/x");
  m.write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "50000");
  m.write("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000");
  m.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1");
  m.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000");
  m.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  const auto h = host_of(m.root(), {0, 1});
  CHECK(h.cpu_quota == 0.5);
  CHECK_FALSE(h.memory_limit_bytes);
}

TEST_CASE("host: warns if there is only one core") {
  const machine m;
  write_processor(m, 0, "0-1", 0);
  write_processor(m, 1, "0-1", 0);
  CHECK_THAT(all_warnings(host_of(m.root(), {0, 1})), contains("There is one core"));
}

TEST_CASE("host: does not take cores of the same number in two clusters for one") {
  const machine m;
  for (int number = 0; number < 4; ++number) {
    const auto topology = fmt::format("sys/devices/system/cpu/cpu{}/topology/", number);
    m.write(topology + "physical_package_id", "0");
    m.write(topology + "cluster_id", std::to_string(number / 2));
    m.write(topology + "core_id", std::to_string(number % 2));
    m.write(topology + "core_cpus_list", std::to_string(number));
  }
  const auto h = host_of(m.root(), {0, 1, 2, 3});
  CHECK(h.cores == 4);
  CHECK_FALSE(h.smt);
}

TEST_CASE("host: is divided between cores, not between processors of one, in both orders of their numbers") {
  for (const bool neighbors : {true, false}) {
    const machine m;
    for (int number = 0; number < 8; ++number) {
      const int first = neighbors ? number / 2 * 2 : number % 4;
      write_processor(
          m, number, neighbors ? fmt::format("{}-{}", first, first + 1) : fmt::format("{},{}", first, first + 4), 0);
    }
    CAPTURE(neighbors);
    const auto of_six = compare::split(processors_of({0, 1, 2, 4, 5, 6}, m.root()), std::nullopt);
    CHECK(of_six.server == (neighbors ? std::vector{0, 1, 2} : std::vector{0, 1, 4, 5}));
    CHECK(of_six.tool == (neighbors ? std::vector{4, 5, 6} : std::vector{2, 6}));
  }
}
