#include "tools/stress/results.hpp"

#include "tools/trend.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace revecho::stress {

void latencies::record_censored(std::chrono::nanoseconds at_least, std::uint64_t count) noexcept {
  values.record(at_least, count);
  censored += count;
  longest_censored = std::max(longest_censored, at_least);
}

void latencies::merge(const latencies& other) noexcept {
  values.merge(other.values);
  censored += other.censored;
  longest_censored = std::max(longest_censored, other.longest_censored);
}

void latencies_by_client::merge(const latencies_by_client& other) {
  p50.insert(p50.end(), other.p50.begin(), other.p50.end());
  p99.insert(p99.end(), other.p99.begin(), other.p99.end());
}

std::vector<standstill> joined(std::vector<standstill> all) {
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.start < b.start; });
  std::vector<standstill> result;
  for (const auto& next : all) {
    if (result.empty() || next.start > result.back().start + result.back().duration) {
      result.push_back(next);
    } else {
      auto& last = result.back();
      last.duration = std::max(last.duration, next.start + next.duration - last.start);
    }
  }
  return result;
}

std::string_view to_string(tool_limit l) noexcept {
  switch (l) {
  case tool_limit::none:
    return "none";
  case tool_limit::standstill:
    return "standstill";
  case tool_limit::quota:
    return "quota";
  case tool_limit::delay:
    return "delay";
  case tool_limit::cpu:
    return "cpu";
  case tool_limit::lag:
    return "lag";
  case tool_limit::reading:
    return "reading";
  }
  return "?";
}

void level_result::merge(const level_result& other) {
  messages += other.messages;
  answered += other.answered;
  completed += other.completed;
  for (std::size_t i = 0; i < answered_in.size(); ++i)
    answered_in[i] += other.answered_in[i];
  answering += other.answering;
  response.merge(other.response);
  net_response.merge(other.net_response);
  service.merge(other.service);
  wait.merge(other.wait);
  missed_sends += other.missed_sends;
  missed_unconnected += other.missed_unconnected;
  unmeasured += other.unmeasured;
  sent += other.sent;
  verified += other.verified;
  for (std::size_t i = 0; i < wrong_kinds; ++i)
    wrong[i] += other.wrong[i];
  lost += other.lost;
  late += other.late;
  connect_failed += other.connect_failed;
  closed_early += other.closed_early;
  closed_idle += other.closed_idle;
  reconnects += other.reconnects;
  clients_gone += other.clients_gone;
  last_gone = std::max(last_gone, other.last_gone);
  split_replies += other.split_replies;
  connect.merge(other.connect);
  first_reply.merge(other.first_reply);
  faults.merge(other.faults);
  ends.merge(other.ends);
  seen.merge(other.seen);
  interruptions.insert(interruptions.end(), other.interruptions.begin(), other.interruptions.end());
  interruptions_left_out += other.interruptions_left_out;
  lost_outside_outages += other.lost_outside_outages;
  asked.merge(other.asked);
  answered_at.merge(other.answered_at);
  shortest_silence = std::max(shortest_silence, other.shortest_silence);
  replies.insert(replies.end(), other.replies.begin(), other.replies.end());
  by_client.merge(other.by_client);
  longest_stall = std::max(longest_stall, other.longest_stall);
  run_delay += other.run_delay;
  runs += other.runs;
  standstills.insert(standstills.end(), other.standstills.begin(), other.standstills.end());
  standstills = joined(std::move(standstills));
  unread.merge(other.unread);
  unknown_arrivals += other.unknown_arrivals;
  lag.merge(other.lag);
}

std::vector<outage> level_result::outages() const {
  return outages_of(
      interruptions, asked, answered_at, clients, std::max(shortest_silence, 4 * service.values.percentile(50)));
}

std::uint64_t level_result::wrong_total() const noexcept {
  return std::accumulate(wrong.begin(), wrong.end(), std::uint64_t{0});
}

double level_result::rate() const noexcept {
  const double seconds = std::chrono::duration<double>(window).count();
  return seconds > 0 ? completed / seconds : 0;
}

std::size_t level_result::never_served() const noexcept {
  return static_cast<std::size_t>(std::count(replies.begin(), replies.end(), 0));
}

// Replies that come as they like are a Poisson process: of somebody who has m of them in the mean, none come with the
// probability exp(-m). The most regular server is further from chance than that.
bool level_result::is_unserved_by_chance() const {
  constexpr double rarely = 0.05;
  std::vector<std::uint64_t> served;
  std::copy_if(replies.begin(), replies.end(), std::back_inserter(served), [](std::uint64_t n) { return n > 0; });
  if (served.empty() || served.size() == replies.size()) return false;
  const auto middle = served.begin() + static_cast<std::ptrdiff_t>(served.size() / 2);
  std::nth_element(served.begin(), middle, served.end());
  return static_cast<double>(replies.size()) * std::exp(-static_cast<double>(*middle)) > rarely;
}

std::optional<double> level_result::drift() const noexcept {
  constexpr double one_in_a_thousand = 3.29; // deviations
  constexpr double worth_saying = 0.05;
  const double change = change_between_halves(answered_in);
  const bool is_chance = std::abs(trend_of(answered_in).z()) < one_in_a_thousand;
  return is_chance || std::abs(change) < worth_saying ? std::nullopt : std::optional(change);
}

double level_result::delayed_ack_share() const noexcept {
  using namespace std::chrono_literals;
  const auto& judged = (offered_rate > 0 ? response : service).values;
  const auto between = [&](std::chrono::nanoseconds from, std::chrono::nanoseconds to) {
    std::uint64_t below_from = 0;
    std::uint64_t below_to = 0;
    judged.for_each_bucket([&](std::chrono::nanoseconds end, std::uint64_t up_to) {
      if (end < from) below_from = up_to;
      if (end < to) below_to = up_to;
    });
    return static_cast<double>(below_to - below_from);
  };
  constexpr double seldom = 0.001;
  const double near = between(38ms, 46ms);
  const double beside = between(22ms, 38ms) + between(46ms, 62ms); // four times as wide
  const bool is_group = near >= histogram::fewest_beyond && 4 * near > 5 * beside;
  const double part = judged.size() > 0 ? near / static_cast<double>(judged.size()) : 0;
  return is_group && part >= seldom && judged.percentile(50) < 20ms ? part : 0;
}

double level_result::offered_concurrency() const noexcept { return static_cast<double>(clients * pipeline); }

// Little's law: concurrency = rate × mean time, that is, all the times together for each second.
double level_result::effective_concurrency() const noexcept {
  return window.count() > 0 ? static_cast<double>(answering.count()) / static_cast<double>(window.count()) : 0;
}

std::chrono::nanoseconds level_result::stood_still() const noexcept {
  std::chrono::nanoseconds sum{};
  for (const standstill& s : standstills)
    sum += s.duration;
  return sum;
}

std::chrono::nanoseconds level_result::longest_standstill() const noexcept {
  std::chrono::nanoseconds longest{};
  for (const standstill& s : standstills)
    longest = std::max(longest, s.duration);
  return longest;
}

std::chrono::nanoseconds level_result::mean_run_delay() const noexcept {
  return runs > 0 ? run_delay / static_cast<std::int64_t>(runs) : std::chrono::nanoseconds{};
}

// Is it a good part of the median latency?
bool level_result::shows_in_latency(std::chrono::nanoseconds time) const noexcept {
  return time > (offered_rate > 0 ? response : service).values.percentile(50) / 4;
}

// Waiting for a processor costs a closed loop that share of its rate; if the tool is rarely busy, it still shows in the
// latencies. A quota stops it for tens of milliseconds at once: percentiles show that long before the rate does.
tool_limit level_result::limited_by() const noexcept {
  using namespace std::chrono_literals;
  if (answered + unmeasured == 0) return tool_limit::none;
  if (50 * stood_still() > window) return tool_limit::standstill;
  const bool by_quota = 2 * throttled > run_delay;
  if (by_quota && delay_share > 0.01) return tool_limit::quota;
  if (cpu_share > 0.9) return tool_limit::cpu;
  const bool waits_long = delay_share > 0.01 && mean_run_delay() > 50us && shows_in_latency(mean_run_delay());
  if (delay_share > 0.1 || waits_long) return tool_limit::delay;
  if (cpu_share + delay_share > 0.9) return tool_limit::cpu;
  const bool lags = lag.size() > 0 && lag.percentile(99) > 1ms && shows_in_latency(lag.percentile(99));
  if (lags) return tool_limit::lag;
  return reads_late() ? tool_limit::reading : tool_limit::none;
}

// Unread time makes up more than two thirds of the median or the p99. Lower thresholds would misfire: waking the tool
// takes nearly half of the fastest replies. The p99 counts only above a millisecond.
bool level_result::reads_late() const noexcept {
  using namespace std::chrono_literals;
  const auto& judged = (offered_rate > 0 ? response : service).values;
  const auto is_most = [&](double percent, std::chrono::nanoseconds least) {
    const auto lay = unread.known_percentile(percent);
    const auto took = judged.known_percentile(percent);
    return lay && took && *lay > least && 3 * *lay > 2 * *took;
  };
  return is_most(50, 0ns) || is_most(99, 1ms);
}

// The kernel begins to note times a little after it is asked to.
bool level_result::knows_no_arrivals() const noexcept {
  return unread.size() == 0 && unknown_arrivals >= 100 && window >= std::chrono::seconds{1};
}

bool level_result::is_held_up() const noexcept {
  const auto limit = limited_by();
  return limit == tool_limit::standstill || limit == tool_limit::quota || limit == tool_limit::delay;
}

bool level_result::ok() const noexcept {
  return verified > 0 && wrong_total() == 0 && lost == 0 && late == 0 && connect_failed == 0 && closed_early == 0 &&
         missed_sends == 0;
}

second_figures second::figures() const {
  const auto longest = latency.size() > 0 ? std::optional(latency.max()) : std::nullopt;
  return {time, connected, sent, verified, errors, latency.known_percentile(50), latency.known_percentile(99), longest};
}

void second::merge(const second& other) noexcept {
  time = std::max(time, other.time);
  sent += other.sent;
  verified += other.verified;
  errors += other.errors;
  connected += other.connected;
  latency.merge(other.latency);
}

} // namespace revecho::stress
