#include "tools/compare/cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace revecho::compare {
namespace {

std::size_t cores_in(const std::vector<processor>& all) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i == 0 || !all[i].shares_core_with(all[i - 1])) ++count;
  return count;
}

// The end of the server's half: between two cores if there are several, and between two nodes if that is near.
std::size_t middle_of(const std::vector<processor>& all) {
  std::size_t best = all.size() / 2;
  if (cores_in(all) < 2) return best;
  const auto is_border = [&](std::size_t i) { return i > 0 && i < all.size() && !all[i].shares_core_with(all[i - 1]); };
  while (!is_border(best))
    best = best + 1 < all.size() ? best + 1 : 1;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const bool is_balanced = 3 * i >= all.size() && 3 * i <= 2 * all.size();
    if (all[i].node != all[i - 1].node && is_balanced) return i;
  }
  return best;
}

std::vector<int> numbers_of(const std::vector<processor>& all, std::size_t first, std::size_t last) {
  std::vector<int> numbers;
  for (std::size_t i = first; i < last; ++i)
    numbers.push_back(all[i].number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

} // namespace

cpu_split split(const std::vector<processor>& all, std::optional<std::size_t> for_server) {
  if (all.size() < 2) return {};
  const auto middle = for_server.value_or(middle_of(all));
  if (middle >= all.size()) return {numbers_of(all, 0, all.size()), numbers_of(all, 0, all.size()), true, true};
  // The rest of a core that the server uses in part stays idle, if the tool has others.
  auto rest = middle;
  while (for_server && rest < all.size() && all[rest].shares_core_with(all[middle - 1]))
    ++rest;
  if (rest == all.size()) rest = middle;
  return {numbers_of(all, 0, middle), numbers_of(all, rest, all.size()), false,
      all[rest].shares_core_with(all[middle - 1])};
}

cpu_split split_cpus(std::optional<std::size_t> for_server) {
  return split(processors_of(usable_processors()), for_server);
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
