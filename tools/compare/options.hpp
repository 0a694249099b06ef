// The command line of revecho-compare: who, under which loads, how often, and where the results go.
#pragma once

#include "tools/compare/contestant.hpp"
#include "tools/stress/workload.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace revecho::compare {

/// The same load for all contestants.
struct scenario {
  std::string name;  ///< "100 clients, a wait of 10ms in each request"
  std::string group; ///< the same without the clients
  std::size_t clients = 1;
  std::string delay = "0";  ///< of the server; empty if none is started
  bool has_staller = false; ///< one more client comes first, sends half a message, and no more
  stress::workload work;
  std::optional<std::size_t> server_cpus; ///< of the server; none: half of all
};

struct compare_options {
  std::vector<contestant> contestants;
  std::vector<scenario> scenarios;
  std::vector<std::string> timed_stories;                   ///< "five-requests", "limit"
  unsigned repeat = 5;                                      ///< runs of each contestant under each load, at least
  bool goes_on = true;                                      ///< with more, until precision or budget is reached
  double precision = 0.03;                                  ///< half the width of an interval, as a part of the median
  std::chrono::nanoseconds budget{std::chrono::minutes{2}}; ///< for all of it
  double margin = 0.02;                                     ///< ratios closer to 1 are no practical difference
  std::chrono::nanoseconds duration{};                      ///< of a run
  bool self_test = false;                                   ///< the contestants are one server under two names
  std::string json; ///< file names; "-" is stdout, which is one of them at most; empty: none
  std::string report;
  std::vector<std::string> join; ///< documents to be joined, instead of running anything
  bool merge = false;            ///< the runs of who is in several of them
  bool quiet = false;
  std::string command; ///< all of it, as it was typed
};

/// Parses the command line. Throws early_exit.
compare_options parse_compare_options(int argc, const char* const* argv);

} // namespace revecho::compare
