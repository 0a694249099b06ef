// Comparisons made up for tests.
#pragma once

#include "tools/compare/results.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace revecho::testing {

/// A contestant with a run for each of these rates.
inline compare::result ran(const std::string& name, const std::vector<double>& rates) {
  compare::result r{name, {}, {}};
  for (const double rate : rates) {
    auto& run = r.runs.emplace_back();
    run[compare::metric::rate] = rate;
    run[compare::metric::unserved] = 0;
    run[compare::metric::tool_limited] = 0;
  }
  return r;
}

/// The same value in all of its runs.
inline compare::result with(compare::result r, compare::metric m, double value) {
  for (auto& run : r.runs)
    run[m] = value;
  return r;
}

inline compare::result failed(compare::result r, const std::string& why) {
  r.failure = why;
  return r;
}

inline compare::scenario_results under(std::size_t clients, std::vector<compare::result> results, double rate = 0) {
  return {std::to_string(clients) + " clients, no work", "no work", clients, "0", "64", "raw", rate, std::move(results),
      {}, {}, {}};
}

inline compare::document document_of(std::vector<compare::scenario_results> scenarios) {
  compare::document d;
  d.machine.kernel = "Linux";
  d.machine.cpu = "a CPU";
  d.machine.cpus = 4;
  d.machine.memory_bytes = 1024;
  d.build = {"1.0", "GNU 12", "Release"};
  d.command = "revecho-compare";
  d.repeat = 3;
  d.duration_s = 0.5;
  d.started = "2026-01-31T12:00:00Z";
  d.took_s = 12.5;
  d.server_cpus = {0, 1};
  d.tool_cpus = {2, 3};
  d.scenarios = std::move(scenarios);
  for (const auto& s : d.scenarios)
    for (const auto& r : s.results)
      if (std::none_of(
              d.contestants.begin(), d.contestants.end(), [&](const auto& c) { return c.name == r.contestant; }))
        d.contestants.push_back({r.contestant, "the program of " + r.contestant, {}});
  return d;
}

} // namespace revecho::testing
