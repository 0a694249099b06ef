// The search for the highest rate at which a latency holds. Runs nothing itself.
#pragma once

#include "tools/stress/options.hpp"
#include "tools/stress/results.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace revecho::stress {

/// How long a step at that rate has to last for the percentile to be known (histogram::known_percentile), with a tenth
/// to spare; `at_least` if that is longer, and a minute at most.
std::chrono::nanoseconds duration_of_step(
    double rate, const latency_target&, std::chrono::nanoseconds at_least) noexcept;

/// What a level tells about its rate.
enum class step_outcome {
  holds,   ///< everything was answered, about as much as was offered, and the percentile is in its limit
  fails,   ///< it is not, and that is the server's doing
  limited, ///< it is not, and the load tool was the limit: this says nothing about the server
  unknown, ///< the percentile is not known: fewer than ten messages are beyond it
};

step_outcome outcome_of(const level_result&, const latency_target&);

/// "holds", "does not hold: the load tool is the limit" …
std::string_view to_string(step_outcome) noexcept;

/// Why a search ended.
enum class search_end {
  found,       ///< the two rates are within 5 % of each other
  limited,     ///< above the rate that passed, the load tool is the limit
  unknown,     ///< above the rate that passed, the percentile is not known
  highest,     ///< no higher rate is tried
  lowest,      ///< the percentile cannot be known of a lower rate in a minute
  unanswered,  ///< a step had no reply at all
  interrupted, ///< by a signal
};

/// "found", "limited" …
std::string_view to_string(search_end) noexcept;

/// Rates in messages a second; 0 if there is none.
struct rate_search {
  double passed = 0; ///< the highest that held the target
  double failed = 0; ///< the lowest that did not, by the server's doing
  search_end end = search_end::found;
};

/// Calls `run` with one rate after the other: doubling from 1,000 a second until it fails the target, then halving the
/// gap until it is less than 5 %; from more, and not to less, than the percentile can be known of in a minute. A step
/// fails only if two of three tries fail, and the one above the result is repeated in the end: neither a hiccup nor a
/// bad second decides. Ends when a level was interrupted, or had no reply. `attempt`: 1 to 3.
rate_search find_rate(const latency_target&, const std::function<level_result(double rate, int attempt)>& run);

/// Was a rate found, or a bound of one, and no reply wrong?
bool is_good(const rate_search&, const std::vector<level_result>& steps);

/// "7.75k/s; 8k/s is too much", "at least 7.75k/s: the load tool is the limit"
std::string describe(const rate_search&);

} // namespace revecho::stress
