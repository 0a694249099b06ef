#include "tools/stress/find_rate.hpp"

#include <algorithm>

namespace revecho::stress {

namespace {

constexpr double close_enough = 1.05;
constexpr double highest_rate = 1e8;
constexpr double least_answered = 0.95; // of what was offered
constexpr std::chrono::duration<double> longest_step = std::chrono::minutes{1};

// With a tenth to spare.
double messages_for(const latency_target& target) {
  return 1.1 * histogram::fewest_beyond / (1 - target.percent / 100);
}

} // namespace

std::chrono::nanoseconds duration_of_step(
    double rate, const latency_target& target, std::chrono::nanoseconds at_least) noexcept {
  const auto needed = std::min(std::chrono::duration<double>(messages_for(target) / rate), longest_step);
  return std::max(at_least, std::chrono::duration_cast<std::chrono::nanoseconds>(needed));
}

bool holds(const level_result& level, const latency_target& target) {
  const auto known = level.response.values.known_percentile(target.percent);
  return level.ok() && level.rate() >= least_answered * level.offered_rate && known && *known <= target.limit;
}

double find_rate(const latency_target& target, const std::function<level_result(double rate)>& run) {
  double good = 0;
  double bad = 0;
  const double lowest_rate = std::max(1.0, messages_for(target) / longest_step.count());
  for (double rate = std::max(1000.0, lowest_rate); rate >= lowest_rate && rate <= highest_rate;) {
    const auto level = run(rate);
    if (level.interrupted) break;
    (holds(level, target) ? good : bad) = rate;
    if (good > 0 && bad > 0 && bad <= good * close_enough) break;
    rate = bad == 0 ? good * 2 : good == 0 ? bad / 2 : (good + bad) / 2;
  }
  return good;
}

} // namespace revecho::stress
