#include "tools/stress/own_time.hpp"

#include <cstdint>
#include <fstream>
#include <string>

namespace revecho::stress {
namespace {

using std::chrono::nanoseconds;

// Of one control group: microseconds in version 2, nanoseconds in version 1.
nanoseconds throttled_time_of(const std::filesystem::path& group) {
  std::ifstream file(group / "cpu.stat");
  std::string name;
  for (std::int64_t value = 0; file >> name >> value;) {
    if (name == "throttled_usec") return std::chrono::microseconds{value};
    if (name == "throttled_time") return nanoseconds{value};
  }
  return {};
}

// Of the group and of all around it. In a container the names may be those of the machine, of which only the outermost
// group is to be seen: the container's own.
nanoseconds throttled_time_up_from(const std::filesystem::path& mounted, std::filesystem::path group) {
  nanoseconds sum{};
  for (group = group.relative_path(); !group.empty(); group = group.parent_path())
    sum += throttled_time_of(mounted / group);
  return sum + throttled_time_of(mounted);
}

} // namespace

run_delay run_delay_of_thread() {
  std::ifstream file("/proc/thread-self/schedstat");
  std::int64_t ran = 0;
  std::int64_t waited = 0;
  std::uint64_t runs = 0;
  if (!(file >> ran >> waited >> runs)) return {};
  return {nanoseconds{waited}, runs};
}

nanoseconds throttled_time() {
  std::ifstream groups("/proc/self/cgroup");
  return throttled_time(groups, "/sys/fs/cgroup");
}

// Lines such as 0::/user.slice in version 2, and 4:cpu,cpuacct:/user.slice in version 1. A folder without the file adds
// nothing.
nanoseconds throttled_time(std::istream& groups, const std::filesystem::path& root) {
  nanoseconds sum{};
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const bool has_cpu = (',' + controllers + ',').find(",cpu,") != std::string::npos;
    if (controllers.empty() || has_cpu) sum += throttled_time_up_from(root / controllers, line.substr(second + 1));
  }
  return sum;
}

} // namespace revecho::stress
