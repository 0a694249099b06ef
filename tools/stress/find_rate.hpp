// The search for the highest rate at which a latency holds.
#pragma once

#include "tools/stress/options.hpp"
#include "tools/stress/results.hpp"

#include <chrono>
#include <functional>

namespace revecho::stress {

/// How long a step at that rate has to last for the percentile to be known (histogram::known_percentile), with a tenth
/// to spare; `at_least` if that is longer, and a minute at most.
std::chrono::nanoseconds duration_of_step(
    double rate, const latency_target&, std::chrono::nanoseconds at_least) noexcept;

/// Does the level hold the target? Only if the percentile is known, and everything was answered, and about as much as
/// was offered.
bool holds(const level_result&, const latency_target&);

/// Calls `run` with one rate after the other, doubling from 1,000 a second until it fails the target, then halving the
/// gap until it is less than 5 %; from more, and not to less, than the percentile can be known of in a minute. Returns
/// the highest rate that held it; 0 if none did. Stops when a level was interrupted.
double find_rate(const latency_target&, const std::function<level_result(double rate)>& run);

} // namespace revecho::stress
