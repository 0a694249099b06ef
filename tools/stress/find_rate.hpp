// The search for the highest rate at which a latency holds.
#pragma once

#include "tools/stress/options.hpp"
#include "tools/stress/results.hpp"

#include <functional>

namespace revecho::stress {

/// Does the level hold the target? Only if also everything was answered, and about as much as was offered.
bool holds(const level_result&, const latency_target&);

/// Calls `run` with one rate after the other, doubling from `first` until it fails the target, then halving the gap
/// until it is less than 5 %. Returns the highest rate that held it; 0 if none did. Stops when a level was interrupted.
double find_rate(double first, const latency_target&, const std::function<level_result(double rate)>& run);

} // namespace revecho::stress
