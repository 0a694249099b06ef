#include "tools/stress/find_rate.hpp"

#include "shared/process/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace revecho::stress {

namespace {

constexpr double close_enough = 1.05;
constexpr double first_rate = 1000;
constexpr double highest_rate = 1e8;
constexpr double least_answered = 0.95; // of what was offered
constexpr std::chrono::duration<double> longest_step = std::chrono::minutes{1};
constexpr int most_tries = 3;

// With a tenth to spare.
double messages_for(const latency_target& target) {
  return 1.1 * histogram::fewest_beyond / (1 - target.percent / 100);
}

// Can it be the tool's doing that the level did not hold? Its lateness is not in the net response, but what it sends
// late it sends together, and that waits in the server for about as long.
bool is_by_tool(const level_result& level, double percent) {
  const auto limit = level.limited_by();
  if (limit == tool_limit::none) return false;
  if (limit == tool_limit::cpu || level.cpu_share + level.delay_share > 0.9) return true;
  const auto late = std::max(level.lag.percentile(percent), level.unread.percentile(percent));
  const auto known = level.net_response.values.known_percentile(percent);
  return !known || 2 * late > *known;
}

/// A rate that did not hold.
struct ceiling {
  double rate;
  step_outcome outcome;
  bool repeated; // and did not again
};

class search {
 public:
  search(const latency_target& target, const std::function<level_result(double rate, int attempt)>& run)
      : target_(target), run_(run), lowest_(std::max(1.0, messages_for(target) / longest_step.count())) {}

  rate_search find() {
    double rate = std::max(first_rate, lowest_);
    while (rate > 0) {
      const auto outcome = try_rate(rate);
      if (!outcome) break;
      note(rate, *outcome);
      rate = next_rate();
    }
    const auto is_failure = [](const ceiling& c) { return c.outcome == step_outcome::fails; };
    const auto lowest = std::find_if(ceilings_.rbegin(), ceilings_.rend(), is_failure);
    if (lowest != ceilings_.rend()) found_.failed = lowest->rate;
    return found_;
  }

 private:
  // Nothing if the search ends here. Failures come by chance, but hardly ever does a rate hold by chance: one try that
  // holds is enough, unless another one failed.
  std::optional<step_outcome> try_rate(double rate) {
    std::array<int, 4> seen{};
    const auto times = [&](step_outcome o) -> int& { return seen[static_cast<std::size_t>(o)]; };
    for (int attempt = 1; attempt <= most_tries; ++attempt) {
      const auto level = run_(rate, attempt);
      if (level.interrupted || level.verified == 0) {
        found_.end = level.interrupted ? search_end::interrupted : search_end::unanswered;
        return std::nullopt;
      }
      const auto outcome = outcome_of(level, target_);
      ++times(outcome);
      if (times(step_outcome::holds) > times(step_outcome::fails)) return step_outcome::holds;
      if (times(outcome) == 2) return outcome;
    }
    return times(step_outcome::limited) > 0 ? step_outcome::limited : step_outcome::unknown;
  }

  // A rate that failed once and was limited by the tool the other time has failed.
  void note(double rate, step_outcome outcome) {
    const bool again = !ceilings_.empty() && ceilings_.back().rate == rate;
    if (again && outcome != step_outcome::holds) {
      auto& known = ceilings_.back();
      if (known.outcome != step_outcome::fails) known.outcome = outcome;
      known.repeated = true;
    } else if (outcome != step_outcome::holds) {
      ceilings_.push_back({rate, outcome, false});
    } else {
      if (again) ceilings_.pop_back();
      found_.passed = rate;
    }
  }

  // 0 if there is none.
  double next_rate() {
    if (ceilings_.empty()) {
      found_.end = search_end::highest;
      return 2 * found_.passed <= highest_rate ? 2 * found_.passed : 0;
    }
    const auto& [bad, outcome, repeated] = ceilings_.back();
    const bool lower = found_.passed == 0 && outcome == step_outcome::fails;
    if (lower && bad / 2 >= lowest_) return bad / 2;
    if (found_.passed > 0 && bad > found_.passed * close_enough) return (found_.passed + bad) / 2;
    if (!repeated) return bad;
    found_.end = outcome == step_outcome::limited   ? search_end::limited
                 : outcome == step_outcome::unknown ? search_end::unknown
                 : found_.passed > 0                ? search_end::found
                                                    : search_end::lowest;
    return 0;
  }

  const latency_target& target_;
  const std::function<level_result(double rate, int attempt)>& run_;
  double lowest_;
  rate_search found_;
  std::vector<ceiling> ceilings_; // from the highest to the lowest, all above what passed
};

std::string_view reason_of(search_end end) {
  switch (end) {
  case search_end::found:
    return "";
  case search_end::limited:
    return "the load tool is the limit";
  case search_end::unknown:
    return "too few replies to judge more";
  case search_end::highest:
    return "no higher rate is tried";
  case search_end::lowest:
    return "less brings too few replies in a minute to judge";
  case search_end::unanswered:
    return "nobody was answered";
  case search_end::interrupted:
    return "interrupted";
  }
  return "?";
}

} // namespace

std::chrono::nanoseconds duration_of_step(
    double rate, const latency_target& target, std::chrono::nanoseconds at_least) noexcept {
  const auto needed = std::min(std::chrono::duration<double>(messages_for(target) / rate), longest_step);
  return std::max(at_least, std::chrono::duration_cast<std::chrono::nanoseconds>(needed));
}

step_outcome outcome_of(const level_result& level, const latency_target& target) {
  const auto known = level.net_response.values.known_percentile(target.percent);
  const bool answered = level.ok() && level.rate() >= least_answered * level.offered_rate;
  if (answered && known && *known <= target.limit) return step_outcome::holds;
  if (level.wrong_total() == 0 && is_by_tool(level, target.percent)) return step_outcome::limited;
  return answered && !known ? step_outcome::unknown : step_outcome::fails;
}

std::string_view to_string(step_outcome o) noexcept {
  switch (o) {
  case step_outcome::holds:
    return "holds";
  case step_outcome::fails:
    return "does not hold";
  case step_outcome::limited:
    return "does not hold: the load tool is the limit";
  case step_outcome::unknown:
    return "too few replies to judge";
  }
  return "?";
}

rate_search find_rate(const latency_target& target, const std::function<level_result(double rate, int attempt)>& run) {
  return search(target, run).find();
}

std::string_view to_string(search_end end) noexcept {
  switch (end) {
  case search_end::found:
    return "found";
  case search_end::limited:
    return "limited";
  case search_end::unknown:
    return "unknown";
  case search_end::highest:
    return "highest";
  case search_end::lowest:
    return "lowest";
  case search_end::unanswered:
    return "unanswered";
  case search_end::interrupted:
    return "interrupted";
  }
  return "?";
}

bool is_good(const rate_search& s, const std::vector<level_result>& steps) {
  const bool wrong = std::any_of(steps.begin(), steps.end(), [](const auto& l) { return l.wrong_total() > 0; });
  return s.passed > 0 && s.end != search_end::interrupted && !wrong;
}

std::string describe(const rate_search& s) {
  if (s.end == search_end::found)
    return fmt::format("{}/s; {}/s is too much", format_count(s.passed), format_count(s.failed));
  std::string text;
  if (s.passed > 0) text = fmt::format("at least {}/s", format_count(s.passed));
  if (s.failed > 0) text += fmt::format("{}less than {}/s", text.empty() ? "" : ", ", format_count(s.failed));
  return fmt::format("{}: {}", text.empty() ? "unknown" : text, reason_of(s.end));
}

} // namespace revecho::stress
