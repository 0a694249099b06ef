#include "tools/compare/cpus.hpp"

#include <cerrno>
#include <cstddef>
#include <sched.h>
#include <system_error>

namespace revecho::compare {

cpu_split split_cpus() {
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return {};
  std::vector<int> all;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &usable)) all.push_back(cpu);
  if (all.size() < 2) return {};
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  return {{all.begin(), middle}, {middle, all.end()}};
}

void run_on(const std::vector<int>& cpus) {
  if (cpus.empty()) return;
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  for (const int cpu : cpus)
    CPU_SET(cpu, &wanted);
  if (::sched_setaffinity(0, sizeof wanted, &wanted) != 0)
    throw std::system_error(errno, std::system_category(), "cannot choose processors");
}

} // namespace revecho::compare
