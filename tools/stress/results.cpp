#include "tools/stress/results.hpp"

#include <algorithm>
#include <numeric>

namespace revecho::stress {

std::string_view to_string(fault f) noexcept {
  switch (f) {
  case fault::unchanged:
    return "echoed unchanged";
  case fault::cut_short:
    return "short";
  case fault::extra_bytes:
    return "extra bytes";
  case fault::repeated:
    return "repeated";
  case fault::out_of_order:
    return "out of order";
  case fault::other_connection:
    return "other connection's";
  case fault::corrupt:
    return "corrupt";
  }
  return "?";
}

void latencies::merge(const latencies& other) noexcept {
  values.merge(other.values);
  censored += other.censored;
}

std::vector<outage> joined(std::vector<outage> all) {
  std::sort(all.begin(), all.end(), [](const outage& a, const outage& b) { return a.start < b.start; });
  std::vector<outage> result;
  for (const outage& next : all) {
    if (result.empty() || next.start > result.back().start + result.back().duration) {
      result.push_back(next);
      continue;
    }
    outage& last = result.back();
    last.duration = std::max(last.duration, next.start + next.duration - last.start);
    last.connections += next.connections;
    last.lost += next.lost;
  }
  return result;
}

void level_result::merge(const level_result& other) {
  messages += other.messages;
  answered += other.answered;
  answering += other.answering;
  response.merge(other.response);
  service.merge(other.service);
  wait.merge(other.wait);
  missed_sends += other.missed_sends;
  sent += other.sent;
  verified += other.verified;
  for (std::size_t i = 0; i < fault_kinds; ++i)
    wrong[i] += other.wrong[i];
  lost += other.lost;
  late += other.late;
  connect_failed += other.connect_failed;
  closed_early += other.closed_early;
  reconnects += other.reconnects;
  split_replies += other.split_replies;
  connect.merge(other.connect);
  for (const auto& example : other.examples)
    if (examples.size() < most_examples) examples.push_back(example);
  outages.insert(outages.end(), other.outages.begin(), other.outages.end());
  outages = joined(std::move(outages));
  replies.insert(replies.end(), other.replies.begin(), other.replies.end());
  longest_stall = std::max(longest_stall, other.longest_stall);
  lag.merge(other.lag);
}

std::uint64_t level_result::wrong_total() const noexcept {
  return std::accumulate(wrong.begin(), wrong.end(), std::uint64_t{0});
}

double level_result::rate() const noexcept {
  const double seconds = std::chrono::duration<double>(window).count();
  return seconds > 0 ? static_cast<double>(answered) / seconds : 0;
}

std::size_t level_result::never_served() const noexcept {
  return static_cast<std::size_t>(std::count(replies.begin(), replies.end(), 0));
}

double level_result::offered_concurrency() const noexcept { return static_cast<double>(clients * pipeline); }

// Little's law: concurrency = rate × mean time, that is, all the times together for each second.
double level_result::effective_concurrency() const noexcept {
  return window.count() > 0 ? static_cast<double>(answering.count()) / static_cast<double>(window.count()) : 0;
}

bool level_result::is_limited_by_tool() const noexcept {
  const bool lags = lag.size() > 0 && lag.percentile(99) > std::chrono::milliseconds{1} &&
                    lag.percentile(99) > (offered_rate > 0 ? response : service).values.percentile(50) / 4;
  return answered > 0 && (cpu_share > 0.9 || lags);
}

bool level_result::ok() const noexcept {
  return verified > 0 && wrong_total() == 0 && lost == 0 && late == 0 && connect_failed == 0 && closed_early == 0 &&
         missed_sends == 0;
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
