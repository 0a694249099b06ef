// Results for people and for programs: a table and sentences, JSON, CSV, HdrHistogram's text format.
#pragma once

#include "tools/stress/options.hpp"
#include "tools/stress/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace revecho::stress {

/// A row a level.
std::string as_table(const std::vector<level_result>&);

/// What else is to be said of a level, as sentences: what went wrong, who starved, whether the figures can be trusted.
std::vector<std::string> remarks(const level_result&, const workload&);

/// The document that README describes as version 1; times in microseconds.
nlohmann::ordered_json as_json(const stress_options&, const std::vector<level_result>&);

/// The titles of a CSV file, and a line of it.
std::string csv_titles();
std::string csv_line(std::size_t clients, const second&);

/// The percentile distribution in milliseconds, as HdrHistogram's outputPercentileDistribution() writes it with five
/// ticks for each half distance.
std::string as_hgrm(const histogram&);

/// The latencies that a level is judged by: response in an open loop, service in a closed one.
const latencies& judged_by(const level_result&);

} // namespace revecho::stress
