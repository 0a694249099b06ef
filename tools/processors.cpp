#include "tools/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <tuple>

namespace revecho {
namespace {

std::optional<int> number_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  int value = 0;
  return in >> value && value >= 0 ? std::optional(value) : std::nullopt;
}

// The first of those that share its core: "0,4", or "0-1". Numbers of cores would not do, for they repeat in clusters
// and dies.
std::optional<int> core_of(const std::filesystem::path& topology) {
  const auto siblings = number_in(topology / "thread_siblings_list");
  return siblings ? siblings : number_in(topology / "core_cpus_list");
}

// A processor has a link to its node, whose name ends in the number.
int node_of(const std::filesystem::path& folder) {
  std::error_code unknown;
  for (std::filesystem::directory_iterator i(folder, unknown), end; !unknown && i != end; i.increment(unknown)) {
    const auto name = i->path().filename().string();
    if (name.starts_with("node") && name.find_first_not_of("0123456789", 4) == name.npos && name.size() > 4)
      return std::stoi(name.substr(4));
  }
  return 0;
}

} // namespace

std::vector<processor> processors_of(const std::vector<int>& numbers, const std::filesystem::path& root) {
  std::vector<processor> all;
  for (const int number : numbers) {
    const auto folder = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(number));
    all.push_back({number, node_of(folder), number_in(folder / "topology/physical_package_id").value_or(0),
        core_of(folder / "topology").value_or(number)});
  }
  const auto place = [](const processor& p) { return std::tuple(p.node, p.socket, p.core, p.number); };
  std::sort(all.begin(), all.end(), [&](const processor& a, const processor& b) { return place(a) < place(b); });
  return all;
}

std::vector<int> usable_processors() {
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return {};
  std::vector<int> all;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &usable)) all.push_back(cpu);
  return all;
}

} // namespace revecho
