// Results for programs: JSON, CSV, HdrHistogram's text format.
#pragma once

#include "tools/host.hpp"
#include "tools/stress/find_rate.hpp"
#include "tools/stress/options.hpp"
#include "tools/stress/results.hpp"
#include "tools/stress/target.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace revecho::stress {

/// The document that docs/STRESS.md describes as version 1; times in microseconds. The machine is as it was before the
/// load.
nlohmann::ordered_json as_json(
    const stress_options&, const host&, const std::vector<name_resolution>&, const std::vector<level_result>&);

/// The load, in that document.
nlohmann::ordered_json config_json(const stress_options&);

/// What --find-rate found, for the same document.
nlohmann::ordered_json as_json(const rate_search&);

/// The titles of a CSV file, and a line of it.
std::string csv_titles();
std::string csv_line(std::size_t clients, const second_figures&);

/// The percentile distribution in milliseconds, as HdrHistogram's outputPercentileDistribution() writes it with five
/// ticks for each half distance.
std::string as_hgrm(const histogram&);

} // namespace revecho::stress
