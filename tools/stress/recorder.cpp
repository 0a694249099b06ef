#include "tools/stress/recorder.hpp"

#include <algorithm>
#include <utility>

namespace revecho::stress {
namespace {

using namespace std::chrono_literals;

// The tool asks to be woken every pulse. That it was not for so long is no common delay: it was stopped, or starved.
constexpr auto shortest_standstill = 100ms;

} // namespace

void recorder::begin(const level_times& times) noexcept {
  times_ = times;
  last_reply_ = times.begun;
  result_.shortest_silence = work_.shortest_outage;
}

void recorder::notice(steady::time_point now) {
  if (!std::exchange(watched_, times_.begun != steady::time_point::max())) noticed_ = now;
  look_for_standstill(now);
}

void recorder::look_for_standstill(steady::time_point now) {
  if (!watched_) return;
  if (now - noticed_ >= shortest_standstill) {
    result_.standstills.push_back({noticed_ - times_.begun, now - noticed_});
    awake_since_ = now;
  }
  noticed_ = std::max(noticed_, now);
}

// The last ones are enough: what is asked for has just ended.
std::chrono::nanoseconds recorder::stood_still_in(steady::time_point from, steady::time_point to) const noexcept {
  std::chrono::nanoseconds sum{};
  for (auto s = result_.standstills.rbegin(); s != result_.standstills.rend(); ++s) {
    const auto begin = std::max(times_.begun + s->start, from);
    const auto end = std::min(times_.begun + s->start + s->duration, to);
    if (end <= begin) break;
    sum += end - begin;
  }
  return sum;
}

second recorder::take_second() noexcept {
  current_.connected = connected_;
  return std::exchange(current_, second{});
}

void recorder::count_connect_failed(std::chrono::nanoseconds took, bool again) {
  ++result_.connect_failed;
  ++current_.errors;
  if (again) return;
  result_.connect.record_censored(std::max(took, work_.timeout));
  result_.first_reply.record_censored(std::max(took, work_.timeout));
}

void recorder::count_first_reply(
    std::chrono::nanoseconds connecting, steady::time_point intended, steady::time_point now) {
  if (!stood_still_since(intended)) result_.first_reply.values.record(connecting + (now - intended));
}

void recorder::count_no_first_reply(std::chrono::nanoseconds connecting, steady::time_point intended,
    steady::time_point now, std::chrono::nanoseconds at_least) {
  const auto since = std::max(intended, std::min(awake_since_, now));
  result_.first_reply.record_censored(connecting + std::max<std::chrono::nanoseconds>(now - since, at_least));
}

void recorder::count_sent(steady::time_point intended, steady::time_point now) {
  result_.asked.add(now - times_.begun);
  ++result_.sent;
  ++current_.sent;
  if (times_.is_in_window(intended)) ++result_.messages;
}

// An arrival in the future, or before its message was sent, comes from a step of the wall clock.
void recorder::count_unread(
    std::optional<std::chrono::nanoseconds> lay_for, steady::time_point sent, steady::time_point now) noexcept {
  unread_for_ = {};
  if (!counts_latency(sent)) return;
  if (lay_for && lay_for->count() >= 0 && *lay_for <= now - sent) {
    result_.unread.record(*lay_for);
    unread_for_ = *lay_for;
  } else {
    ++result_.unknown_arrivals;
  }
}

void recorder::count_lag(steady::time_point intended, steady::time_point sent) noexcept {
  if (times_.is_in_window(intended)) result_.lag.record(sent - intended);
}

bool recorder::count_reply(steady::time_point intended, steady::time_point sent, steady::time_point waiting_since,
    steady::time_point now, std::size_t pieces, bool served) {
  look_for_standstill(now);
  last_reply_ = now;
  result_.answered_at.add(now - times_.begun);
  ++result_.verified;
  ++current_.verified;
  if (pieces > 1) ++result_.split_replies;
  const bool is_known = !stood_still_since(intended);
  if (keeps_seconds_ && is_known) current_.latency.record(is_open() ? now - intended : now - sent);
  if (times_.is_in_window(intended) && !is_known) ++result_.unmeasured;
  if (times_.is_in_window(intended) && is_known) {
    result_.service.values.record(now - sent);
    if (is_open()) result_.response.values.record(now - intended);
    if (is_open()) result_.wait.values.record(sent - intended);
    result_.longest_stall = std::max(result_.longest_stall, std::chrono::nanoseconds{now - waiting_since});
  }
  const bool in_window = times_.is_in_window(now);
  count_part_in_window(sent, now, served || in_window);
  if (in_window) count_in_part(now);
  return in_window;
}

steady::time_point recorder::count_net_reply(
    steady::time_point intended, steady::time_point ready, steady::time_point sent, steady::time_point now) noexcept {
  const auto reply = ready + (now - unread_for_ - sent);
  if (counts_latency(intended)) result_.net_response.values.record(reply - intended);
  return reply;
}

void recorder::count_in_part(steady::time_point now) noexcept {
  ++result_.answered;
  if (times_.window_end == steady::time_point::max()) return;
  auto& parts = result_.answered_in;
  const double place = seconds(now - times_.window_begin) / seconds(work_.duration) * static_cast<double>(parts.size());
  ++parts[std::min(static_cast<std::size_t>(place), parts.size() - 1)];
}

// Replies near an edge of the window fall on either side by chance. Each reply therefore counts by the part of its
// service time inside the window, so N clients at a service time S have the rate N / S. After the window this applies
// only to clients served in it; the others are served only because the load is over.
void recorder::count_part_in_window(steady::time_point sent, steady::time_point now, bool served) noexcept {
  const auto from = std::max(sent, times_.window_begin);
  const auto to = std::min(now, times_.window_end);
  if (!served || from >= to) return;
  result_.completed += seconds(to - from) / seconds(now - sent);
  result_.answering += to - from;
}

void recorder::count_wrong(fault kind) noexcept {
  ++result_.wrong[static_cast<std::size_t>(kind)];
  ++current_.errors;
}

void recorder::count_lost(
    steady::time_point intended, steady::time_point sent, steady::time_point now, bool late) noexcept {
  ++(late ? result_.late : result_.lost);
  ++current_.errors;
  if (times_.is_in_window(intended)) record_censored(intended, sent, now, work_.timeout);
}

void recorder::count_overtaken(steady::time_point intended, steady::time_point sent, steady::time_point now) noexcept {
  count_lost(intended, sent, now, false);
  ++result_.lost_outside_outages;
}

void recorder::count_no_end(bool late) noexcept {
  ++(late ? result_.late : result_.lost);
  if (!late) ++result_.lost_outside_outages;
  ++current_.errors;
}

void recorder::count_closed_early() noexcept {
  ++result_.closed_early;
  ++current_.errors;
}

// Also what was sent before the window: it was under way in it, and from those who starve nothing else is known.
void recorder::count_unfinished(steady::time_point intended, steady::time_point sent, steady::time_point now) noexcept {
  if (intended < times_.window_end) record_censored(intended, sent, now, {});
}

// A lower bound counts from the end of the last standstill, if that is later: before it nobody looked.
void recorder::record_censored(steady::time_point intended, steady::time_point sent, steady::time_point now,
    std::chrono::nanoseconds at_least) noexcept {
  intended = std::max(intended, std::min(awake_since_, now));
  sent = std::max(sent, std::min(awake_since_, now));
  result_.service.record_censored(std::max<std::chrono::nanoseconds>(now - sent, at_least));
  result_.longest_stall = std::max(result_.longest_stall, std::chrono::nanoseconds{now - sent});
  if (!is_open()) return;
  const auto response = std::max<std::chrono::nanoseconds>(now - intended, at_least);
  result_.response.record_censored(response);
  if (work_.nets) result_.net_response.record_censored(response);
  result_.wait.values.record(sent - intended);
}

void recorder::count_gone(steady::time_point now) noexcept {
  ++result_.clients_gone;
  result_.last_gone = std::max(result_.last_gone, std::chrono::nanoseconds{now - times_.begun});
}

void recorder::count_missed(
    steady::time_point intended, steady::time_point now, std::uint64_t count, bool connected) noexcept {
  if (!times_.is_in_window(intended)) return;
  if (stood_still_since(intended)) { // the tool missed it
    result_.unmeasured += count;
    return;
  }
  result_.missed_sends += count;
  if (!connected) result_.missed_unconnected += count;
  const auto at_least = std::max(now - intended, work_.rest ? std::chrono::nanoseconds{} : work_.timeout);
  result_.response.record_censored(at_least, count);
  if (work_.nets) result_.net_response.record_censored(at_least, count);
  result_.wait.record_censored(at_least, count);
}

void recorder::add_interruption(
    std::uint64_t client, steady::time_point from, steady::time_point to, std::uint64_t lost, bool connected) {
  const auto begun = std::max(from, times_.begun);
  const auto of_the_tool = stood_still_in(begun, to);
  if (of_the_tool > of_the_tool.zero() && of_the_tool >= to - begun && lost == 0) return;
  if (result_.interruptions.size() >= most_interruptions) {
    ++result_.interruptions_left_out;
    result_.lost_outside_outages += lost;
  } else {
    result_.interruptions.push_back({client, begun - times_.begun, to - begun - of_the_tool, lost, connected});
  }
}

} // namespace revecho::stress
