// How much latency a contestant adds to that of the first one: of a proxy, to the server behind it.
#pragma once

#include "tools/compare/results.hpp"

#include <string>
#include <vector>

namespace revecho::compare {

/// Makes the first of the results the baseline, and sets what each other one adds to its p50 and p99. Only of these
/// candidates, where both are known. Whether it is significant is not decided here.
void measure_added_latency(scenario_results&, const std::vector<const result*>& candidates);

/// Decides that: by a probability of chance that is at most this, and by an interval without zero.
void decide_added_latency(scenario_results&, double significant_up_to);

/// " Compared with direct, haproxy adds 25.6 us [21.3–30.1] at p50." Empty without a baseline.
std::string about_the_added_latency(const scenario_results&);

} // namespace revecho::compare
