// Results for people at a terminal: a table and sentences.
#pragma once

#include "tools/stress/results.hpp"
#include "tools/stress/workload.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace revecho::stress {

/// A row a level.
std::string as_table(const std::vector<level_result>&);

/// "1.24 ms", or a dash if there are too few values to know it.
std::string percentile_text(const histogram&, double percent);

/// Sentences about a level, for what the table cannot show: what went wrong, who starved, whether the figures can be
/// trusted.
std::vector<std::string> remarks(const level_result&, const workload&);

/// The latencies that a level is judged by: response in an open loop, service in a closed one.
const latencies& judged_by(const level_result&);

} // namespace revecho::stress
