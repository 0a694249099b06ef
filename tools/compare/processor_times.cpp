#include "tools/compare/processor_times.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace revecho::compare {
namespace {

// "cpu0 40699 28897 25633 171685 82 0 2524 0 0 0": user, nice, system, idle, iowait, irq, softirq, steal (proc(5)).
std::optional<processor_times> times_of_line(const std::string& line, int cpu) {
  std::istringstream fields(line);
  std::string name;
  std::array<std::int64_t, 8> ticks{};
  fields >> name;
  for (auto& count : ticks)
    fields >> count;
  if (!fields || name != "cpu" + std::to_string(cpu)) return std::nullopt;
  const auto time = [&](std::size_t i) { return processor_times::tick * ticks[i]; };
  return processor_times{time(0) + time(1), time(2), time(5), time(6), time(7)};
}

} // namespace

processor_times operator-(const processor_times& a, const processor_times& b) noexcept {
  return {a.user - b.user, a.system - b.system, a.irq - b.irq, a.softirq - b.softirq, a.steal - b.steal};
}

std::optional<processor_times> processor_times_of(const std::vector<int>& cpus) {
  std::ifstream stat("/proc/stat");
  return processor_times_of(cpus, stat);
}

std::optional<processor_times> processor_times_of(const std::vector<int>& cpus, std::istream& stat) {
  processor_times sum;
  std::size_t found = 0;
  for (std::string line; std::getline(stat, line) && line.starts_with("cpu");)
    for (const int cpu : cpus)
      if (const auto one = times_of_line(line, cpu)) {
        sum = {sum.user + one->user, sum.system + one->system, sum.irq + one->irq, sum.softirq + one->softirq,
            sum.steal + one->steal};
        ++found;
      }
  return found > 0 && found == cpus.size() ? std::optional(sum) : std::nullopt;
}

// Each field of each processor may be a step off at both ends; that they all are in the same direction is no accident.
bool is_disturbed(const processor_times& spent, std::chrono::nanoseconds own, std::chrono::nanoseconds wall,
    std::size_t cpus) noexcept {
  const auto processors = static_cast<std::int64_t>(cpus);
  const auto allowed = 3 * wall * processors / 100 + 2 * processors * processor_times::tick;
  return spent.busy() - own > allowed || spent.steal > allowed;
}

} // namespace revecho::compare
