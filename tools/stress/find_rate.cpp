#include "tools/stress/find_rate.hpp"

namespace revecho::stress {

namespace {

constexpr double close_enough = 1.05;
constexpr double lowest_rate = 1;
constexpr double highest_rate = 1e8;
constexpr double least_answered = 0.95; // of what was offered

} // namespace

bool holds(const level_result& level, const latency_target& target) {
  return level.ok() && level.rate() >= least_answered * level.offered_rate &&
         level.response.values.percentile(target.percent) <= target.limit;
}

double find_rate(double first, const latency_target& target, const std::function<level_result(double rate)>& run) {
  double good = 0;
  double bad = 0;
  for (double rate = first; rate >= lowest_rate && rate <= highest_rate;) {
    const auto level = run(rate);
    if (level.interrupted) break;
    (holds(level, target) ? good : bad) = rate;
    if (good > 0 && bad > 0 && bad <= good * close_enough) break;
    rate = bad == 0 ? good * 2 : good == 0 ? bad / 2 : (good + bad) / 2;
  }
  return good;
}

} // namespace revecho::stress
