// The options that describe a load. revecho-compare has some of them too, and reads them the same way.
#pragma once

#include "tools/stress/conditions.hpp"
#include "tools/stress/workload.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace revecho::stress {

/// "p99=5ms": that percentile of the response times is to stay at or under that.
struct latency_target {
  double percent = 0;
  std::chrono::nanoseconds limit{};
};

struct stress_options {
  workload work;
  std::vector<std::size_t> levels{10, 100, 1000};
  bool sources_auto = false;
  std::optional<latency_target> find_rate;
  std::string json; ///< file names; "-" is stdout; empty: none
  std::string csv;
  std::string hgrm;
  std::string junit;
  std::string events;
  failure_rule rule;
  std::string baseline; ///< name of the file
  double tolerance = 0.1;
  bool quiet = false;
};

// Each throws std::invalid_argument.
std::vector<std::size_t> parse_levels(const std::string& text);        ///< "10,100,1000"
distribution parse_sizes(const std::string& text);                     ///< "64", "uniform:1..4KiB"
distribution parse_session(const std::string& text);                   ///< messages of a connection: "20", "exp:20"
std::size_t parse_pipeline(const std::string& text);                   ///< messages under way at once
double parse_rate(const std::string& text);                            ///< messages a second, above 0
std::chrono::nanoseconds parse_some_duration(const std::string& text); ///< above 0

/// Why this load makes no sense, as a sentence; empty if it does. For what only shows once all options are known.
std::string reason_impossible(const workload&);

/// Parses the command line of revecho-stress. Throws early_exit.
stress_options parse_stress_options(int argc, const char* const* argv);

/// The addresses of this machine that --source auto chooses for so many clients: on loopback as many of 127.0.0.x as
/// their ports make necessary, elsewhere none, which leaves the choice to the system.
std::vector<socket_address> automatic_sources(const workload&, std::size_t clients);

} // namespace revecho::stress
