// Sentences that follow a verdict: unserved clients, failures, and runs that were not as they should be. Those about a
// scenario begin with a space; they are empty if all was well.
#pragma once

#include "tools/compare/results.hpp"

#include <string>
#include <vector>

namespace revecho::compare {

/// "a, b and c"
std::string listed(std::vector<std::string> names);

std::string about_the_starved(const scenario_results&);
std::string about_the_failed(const scenario_results&);
std::string about_the_drifting(const scenario_results&);
std::string about_the_disturbed(const scenario_results&);

/// Processes that used no time at all: they are not the servers that replied.
std::string about_the_idle(const scenario_results&);

/// Event loops of which one does more than its part.
std::string about_the_skewed(const scenario_results&);

/// Of the scenario with the most clients: why the figures of those who serve few look good.
std::string who_starves(const document&);

/// Of rounds that became slower or faster, if chance does not explain it.
std::string about_the_rounds(const document&);

std::string about_the_self_test(const document&);

} // namespace revecho::compare
