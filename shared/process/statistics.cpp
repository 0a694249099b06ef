#include "shared/process/statistics.hpp"

#include "shared/process/format.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace revecho {
namespace {

struct counter_name {
  std::string_view name;    // in JSON
  std::string_view trouble; // in the summary, after the number; empty: no trouble
};

constexpr std::array<counter_name, count_kinds> names{{
    {"accepted", ""},
    {"served", ""},
    {"probes", "left without a byte"},
    {"refused", "refused"},
    {"messages", ""},
    {"bytes_received", ""},
    {"bytes_sent", ""},
    {"too_long", "over the message limit"},
    {"truncated", "ended inside a message"},
    {"no_proxy_header", "without a PROXY header"},
    {"bad_proxy_header", "with a malformed PROXY header"},
    {"long_proxy_header", "with a PROXY header over the limit"},
    {"truncated_proxy_header", "ended inside the PROXY header"},
    {"idle_timeouts", "timed out idle"},
    {"message_timeouts", "timed out in a message"},
    {"write_timeouts", "timed out not reading"},
    {"connection_errors", "reset or failed"},
    {"accept_failures", "failures to accept"},
}};

std::size_t shard_of_this_thread(std::size_t shards) noexcept {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine % shards;
}

} // namespace

std::string_view to_string(count c) noexcept { return names[static_cast<std::size_t>(c)].name; }

// The counters are read one after the other, so a connection may have ended in between.
std::uint64_t statistics_snapshot::open() const noexcept {
  const auto gone = (*this)[count::served] + (*this)[count::probes] + (*this)[count::refused];
  const auto accepted = (*this)[count::accepted];
  return accepted > gone ? accepted - gone : 0;
}

void statistics::add(count c, std::uint64_t amount) noexcept {
  auto& mine = shards_[shard_of_this_thread(shards_.size())];
  mine.values[static_cast<std::size_t>(c)].fetch_add(amount, std::memory_order_relaxed);
}

statistics_snapshot statistics::snapshot() const noexcept {
  statistics_snapshot sum;
  for (const auto& one : shards_) {
    for (std::size_t i = 0; i < count_kinds; ++i)
      sum.values[i] += one.values[i].load(std::memory_order_relaxed);
    const auto& accepted = one.values[static_cast<std::size_t>(count::accepted)];
    sum.accepted_by_busiest_thread = std::max(sum.accepted_by_busiest_thread, accepted.load(std::memory_order_relaxed));
  }
  return sum;
}

void statistics::add_accept_wait(std::optional<std::chrono::nanoseconds> wait) {
  if (!wait) return;
  const std::lock_guard lock(mutex_);
  accept_waits_.record(*wait);
}

histogram statistics::accept_waits() const {
  const std::lock_guard lock(mutex_);
  return accept_waits_;
}

std::string summary(const statistics_snapshot& s) {
  const auto number = [&](count c) { return static_cast<double>(s[c]); };
  std::string text =
      fmt::format("served {} connection{}, {} message{}, {} in, {} out", format_count(number(count::served)),
          s[count::served] == 1 ? "" : "s", format_count(number(count::messages)), s[count::messages] == 1 ? "" : "s",
          format_size(number(count::bytes_received)), format_size(number(count::bytes_sent)));
  for (std::size_t i = 0; i < count_kinds; ++i) {
    if (!names[i].trouble.empty() && s.values[i] > 0) text += fmt::format("; {} {}", s.values[i], names[i].trouble);
  }
  return text;
}

log_fields to_fields(const statistics_snapshot& s, const histogram& accept_waits) {
  const auto milliseconds = [](std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(std::chrono::round<std::chrono::milliseconds>(time).count());
  };
  log_fields fields;
  for (std::size_t i = 0; i < count_kinds; ++i)
    fields.emplace_back(names[i].name, s.values[i]);
  fields.emplace_back("open", s.open());
  fields.emplace_back("accepted_by_busiest_thread", s.accepted_by_busiest_thread);
  if (const auto p50 = accept_waits.known_percentile(50)) fields.emplace_back("accept_wait_p50_ms", milliseconds(*p50));
  if (const auto p99 = accept_waits.known_percentile(99)) fields.emplace_back("accept_wait_p99_ms", milliseconds(*p99));
  if (accept_waits.size() > 0) fields.emplace_back("accept_wait_max_ms", milliseconds(accept_waits.max()));
  return fields;
}

} // namespace revecho
