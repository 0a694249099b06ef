// Failure of a load: the rule that every reply is right, the conditions of --fail-if, and --baseline. Knows no I/O.
#pragma once

#include "tools/stress/baseline.hpp"
#include "tools/stress/results.hpp"

#include <optional>
#include <string>
#include <vector>

namespace revecho::stress {

/// "p99>5ms": a figure of a level, and the bound that it must not pass.
struct condition {
  std::string text;      ///< as it was written
  std::string latency;   ///< "response", "service", "connect" or "first_reply"; empty: what the level is judged by
  std::string figure;    ///< "p99.9", "max", "mean", "rate", "lost", "outage" …
  bool is_upper = true;  ///< fails above the bound; else below it
  bool includes = false; ///< fails at the bound, too
  double bound = 0;      ///< durations in seconds
};

struct failure_rule {
  bool every_reply_is_right = true; ///< unless --fail-if none
  std::vector<condition> conditions;
  std::optional<baseline> than; ///< of --baseline
};

/// Of "none", "p99>5ms,lost>0" and so on. Throws std::invalid_argument.
failure_rule parse_failure_rule(const std::vector<std::string>& texts);

/// A part of the rule, and why a level failed it; empty if it did not.
struct rule_result {
  std::string rule;
  std::string reason;
};

/// Every part of the rule. A percentile that is not known fails its condition: nobody can say that it holds.
std::vector<rule_result> judge(const failure_rule&, const level_result&);

/// The reasons, of those that failed.
std::vector<std::string> failures(const failure_rule&, const level_result&);

/// Did no level fail, and was none interrupted?
bool all_ok(const failure_rule&, const std::vector<level_result>&);

/// The same as JUnit's XML: a test suite, with a test case for each part of the rule and each level.
std::string as_junit(const failure_rule&, const std::vector<level_result>&);

} // namespace revecho::stress
