#include "tools/host.hpp"

#include "tools/processors.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

namespace revecho {
namespace {

namespace fs = std::filesystem;

std::string first_line_of(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::optional<double> number_in(const std::string& text) {
  std::istringstream in(text);
  double value = 0;
  return in >> value ? std::optional(value) : std::nullopt;
}

void read_cpuinfo(host& h, const fs::path& root) {
  h.cpu = "unknown";
  std::ifstream file(root / "proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (colon == line.npos) continue;
    if (line.starts_with("model name") && h.cpu == "unknown") h.cpu = line.substr(colon + 2);
    if (line.starts_with("flags")) h.is_virtual = (line + ' ').find(" hypervisor ") != line.npos;
  }
}

void read_topology(host& h, const fs::path& root, const std::vector<int>& usable) {
  std::set<int> cores;
  std::set<int> sockets;
  std::set<int> nodes;
  for (const auto& p : processors_of(usable, root)) {
    cores.insert(p.core);
    sockets.insert(p.socket);
    nodes.insert(p.node);
  }
  h.usable_cpus = usable.size();
  h.cores = cores.size();
  h.sockets = sockets.size();
  h.nodes = nodes.size();
  h.smt = cores.size() < usable.size();
}

void read_frequency(host& h, const fs::path& root, int processor) {
  const auto cpu = root / "sys/devices/system/cpu";
  h.governor = first_line_of(cpu / fmt::format("cpu{}", processor) / "cpufreq/scaling_governor");
  if (const auto boost = number_in(first_line_of(cpu / "cpufreq/boost"))) h.boost = *boost > 0;
  if (const auto without = number_in(first_line_of(cpu / "intel_pstate/no_turbo"))) h.boost = *without == 0;
}

void read_mitigations(host& h, const fs::path& root) {
  std::error_code unknown;
  const auto folder = root / "sys/devices/system/cpu/vulnerabilities";
  for (fs::directory_iterator i(folder, unknown), end; !unknown && i != end; i.increment(unknown)) {
    const auto text = first_line_of(i->path());
    if (!text.empty() && text != "Not affected") h.mitigations[i->path().filename().string()] = text;
  }
}

// "#1 SMP PREEMPT_DYNAMIC Debian 6.1.0-1", and which of its modes is chosen, if one may look: "none voluntary (full)".
std::string preemption_of(const std::string& version, const fs::path& root) {
  std::istringstream words(version);
  std::string found;
  for (std::string word; words >> word;)
    if (word.starts_with("PREEMPT")) found = word;
  const auto modes = first_line_of(root / "sys/kernel/debug/sched/preempt");
  const auto open = modes.find('(');
  const auto close = modes.find(')', open);
  if (open != modes.npos && close != modes.npos) found += ", " + modes.substr(open + 1, close - open - 1);
  return found;
}

// "cpu  118292 218657 144624 825861 1507 0 22568 0 0 0": all but the guests', which is part of the first; the eighth is
// stolen (proc(5)).
std::optional<double> stolen_share(const std::string& line) {
  std::istringstream fields(line);
  std::string name;
  double all = 0;
  double last = 0;
  fields >> name;
  for (int i = 0; i < 8; ++i) {
    fields >> last;
    all += last;
  }
  return fields && name == "cpu" && all > 0 ? std::optional(last / all) : std::nullopt;
}

std::optional<double> lower_of(std::optional<double> a, std::optional<double> b) {
  return a && b ? std::optional(std::min(*a, *b)) : a ? a : b;
}

// Of one control group: "50000 100000" in version 2; in version 1 two files, and -1 for no limit.
void read_limits_of_group(host& h, const fs::path& group) {
  std::istringstream quota(first_line_of(group / "cpu.max"));
  double allowed = 0;
  double period = 0;
  if (quota >> allowed >> period && period > 0) h.cpu_quota = lower_of(h.cpu_quota, allowed / period);
  const auto old_quota = number_in(first_line_of(group / "cpu.cfs_quota_us"));
  const auto old_period = number_in(first_line_of(group / "cpu.cfs_period_us"));
  if (old_quota && old_period && *old_quota > 0 && *old_period > 0)
    h.cpu_quota = lower_of(h.cpu_quota, *old_quota / *old_period);
  constexpr double no_limit = 1e18; // version 1 writes the largest number it has
  for (const char* name : {"memory.max", "memory.limit_in_bytes"})
    if (const auto limit = number_in(first_line_of(group / name)); limit && *limit < no_limit)
      h.memory_limit_bytes = lower_of(h.memory_limit_bytes, limit);
}

// Lines such as 0::/user.slice in version 2, and 4:cpu,cpuacct:/user.slice in version 1. A group is bounded by those
// around it, too.
void read_limits(host& h, const fs::path& root) {
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const auto mounted = root / "sys/fs/cgroup" / line.substr(first + 1, second - first - 1);
    for (auto group = fs::path(line.substr(second + 1)).relative_path(); !group.empty(); group = group.parent_path())
      read_limits_of_group(h, mounted / group);
    read_limits_of_group(h, mounted);
  }
}

std::string about_the_quota(const host& h) {
  if (!h.cpu_quota || *h.cpu_quota >= static_cast<double>(h.usable_cpus)) return {};
  return fmt::format("A control group allows {:.3g} of {} processors: whoever uses more is stopped for tens of "
                     "milliseconds; raise its cpu.max.",
      *h.cpu_quota, h.usable_cpus);
}

std::string about_the_load(const host& h) {
  constexpr double busy = 0.25; // of all that there is
  if (!h.load || *h.load <= busy * static_cast<double>(h.usable_cpus)) return {};
  return fmt::format(
      "The machine was busy: a load of {:.3g} on {} processors in the minute before; end other programs.", *h.load,
      h.usable_cpus);
}

std::string about_the_neighbors(const host& h) {
  if (!h.is_virtual) return {};
  if (constexpr double much = 0.01; h.stolen > much)
    return fmt::format(
        "This is a virtual machine, whose neighbors had {:.2g} % of its time since it started.", 100 * *h.stolen);
  return "This is a virtual machine: its neighbors are visible only as stolen time.";
}

} // namespace

host host_of(const fs::path& root, const std::vector<int>& usable) {
  host h;
  read_cpuinfo(h, root);
  read_topology(h, root, usable);
  read_frequency(h, root, usable.empty() ? 0 : usable.front());
  read_mitigations(h, root);
  read_limits(h, root);
  h.preemption = preemption_of(first_line_of(root / "proc/version"), root);
  h.load = number_in(first_line_of(root / "proc/loadavg"));
  h.stolen = stolen_share(first_line_of(root / "proc/stat"));
  return h;
}

host host::here() {
  auto h = host_of("/", usable_processors());
  utsname system{};
  ::uname(&system);
  h.kernel = std::string(system.sysname) + " " + system.release;
  h.machine = system.machine;
  h.cpus = std::thread::hardware_concurrency();
  h.memory_bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return h;
}

std::vector<std::string> warnings_about(const host& h) {
  std::vector<std::string> all;
  if (!h.governor.empty() && h.governor != "performance")
    all.push_back(fmt::format("The frequency governor is {}: figures depend on how busy the processors were before; "
                              "choose performance.",
        h.governor));
  if (h.boost.value_or(false))
    all.emplace_back("Boost is on: the processors slow down when they are hot, or many are busy.");
  all.push_back(about_the_quota(h));
  all.push_back(about_the_load(h));
  if (h.usable_cpus > 1 && h.cores == 1)
    all.emplace_back("There is one core: servers and load tool share it as its hardware threads, and slow each other "
                     "down.");
  all.push_back(about_the_neighbors(h));
  std::erase(all, "");
  return all;
}

} // namespace revecho
