// Results of a load: counts, latencies, fairness, outages, and the load tool's own limits. Parts from several threads
// can be merged.
#pragma once

#include "shared/process/histogram.hpp"
#include "tools/stress/hints.hpp"
#include "tools/stress/incidents.hpp"
#include "tools/stress/outages.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace revecho::stress {

inline double seconds(std::chrono::nanoseconds time) noexcept { return static_cast<double>(time.count()) / 1e9; }

/// From 0 to 1; 0 of nothing.
inline double share(std::uint64_t part, std::uint64_t whole) noexcept {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// Latencies, and how many of them are only known to be at least that: of messages that were lost or too late.
struct latencies {
  histogram values;
  std::uint64_t censored = 0;
  std::chrono::nanoseconds longest_censored{}; ///< what is known of it

  /// So many of them took at least that.
  void record_censored(std::chrono::nanoseconds at_least, std::uint64_t count = 1) noexcept;
  /// Is no more known of the longest one than that it was at least as long?
  bool is_max_censored() const noexcept { return censored > 0 && longest_censored >= values.max(); }
  void merge(const latencies& other) noexcept;
};

/// A time in which a thread of the load tool did nothing, although it wanted to: what lies in it is not the server's.
struct standstill {
  std::chrono::nanoseconds start{}; ///< since the level began
  std::chrono::nanoseconds duration{};
};

/// Overlapping ones joined, in order of time.
std::vector<standstill> joined(std::vector<standstill>);

/// Why figures describe the load tool rather than the server.
enum class tool_limit {
  none,
  standstill, ///< it was stopped, or the machine was
  quota,      ///< the CPU quota of its control group was used up
  delay,      ///< others had the processors
  cpu,        ///< its threads are busy all the time
  lag,        ///< it sent late
  reading,    ///< it let replies lie in the kernel before it read them
};

/// "standstill"
std::string_view to_string(tool_limit) noexcept;

/// Percentiles of each client by itself, for clients with a known percentile. The overall distribution hides one slow
/// client in a thousand.
struct latencies_by_client {
  std::vector<std::chrono::nanoseconds> p50;
  std::vector<std::chrono::nanoseconds> p99;

  void merge(const latencies_by_client& other);
};

/// A second of a level, or less at its end.
struct second_figures {
  std::chrono::nanoseconds time{}; ///< its end, since the level began
  std::size_t connected = 0;       ///< clients
  std::uint64_t sent = 0;
  std::uint64_t verified = 0;
  std::uint64_t errors = 0;
  std::optional<std::chrono::nanoseconds> p50; ///< of what the level is judged by; nothing if not known
  std::optional<std::chrono::nanoseconds> p99;
  std::optional<std::chrono::nanoseconds> max;
};

struct level_result {
  std::size_t clients = 0;
  std::size_t pipeline = 1;
  double offered_rate = 0;                       ///< open loop: what was asked for, messages/s; else 0
  std::chrono::nanoseconds window{};             ///< the time that was counted
  std::chrono::system_clock::time_point started; ///< by the wall clock
  std::chrono::steady_clock::time_point begun;   ///< the same moment

  // In the window.
  std::uint64_t messages = 0; ///< sent
  std::uint64_t answered = 0; ///< replies that came in it, every byte right
  double completed = 0;       ///< the same, but each reply counts by the part of its service time that lies in it
  std::chrono::nanoseconds answering{}; ///< these parts together: by Little's law, the concurrency
  std::array<double, 20> answered_in{}; ///< replies that came in each twentieth of it; zeros if it has no fixed end
  latencies response;                   ///< from the intended time of a message to its reply
  latencies net_response;               ///< the same without what the tool's own lateness added; if asked for
  latencies service;                    ///< from its sending to its reply
  latencies wait;                       ///< from its intended time to its sending
  std::uint64_t missed_sends = 0;       ///< open loop: messages that were due and never sent
  std::uint64_t missed_unconnected = 0; ///< of these, because their connection was gone
  std::uint64_t unmeasured = 0;         ///< messages whose latency is not known, because of a standstill

  // In all of the level.
  std::uint64_t sent = 0;
  std::uint64_t verified = 0; ///< replies of which every byte was right
  std::array<std::uint64_t, wrong_kinds> wrong{};
  std::uint64_t lost = 0;               ///< the connection ended before the reply
  std::uint64_t late = 0;               ///< not complete within the time-out
  std::uint64_t connect_failed = 0;     ///< attempts
  std::uint64_t closed_early = 0;       ///< connections that the server ended while it owed nothing
  std::uint64_t closed_idle = 0;        ///< the same with --reconnect, where that is no fault
  std::uint64_t reconnects = 0;         ///< after a failure
  std::size_t clients_gone = 0;         ///< without a connection, and giving up although they had messages left
  std::chrono::nanoseconds last_gone{}; ///< the last of them, since the level began
  std::optional<std::chrono::nanoseconds> ended_early; ///< since then, because all were gone
  std::uint64_t split_replies = 0;                     ///< raw: right, in more than one piece
  latencies connect;
  latencies first_reply; ///< of each connection: connecting, and from when its first message was due to a right reply
  incidents faults;      ///< all of these, by their kind
  connection_ends ends;  ///< if asked for
  symptoms seen;         ///< of usual causes
  std::vector<interruption> interruptions;     ///< the first ones
  std::uint64_t interruptions_left_out = 0;    ///< the others
  std::uint64_t lost_outside_outages = 0;      ///< of `lost`: the connection lasted, or the interruption was left out
  moments asked;                               ///< when anybody sent a message
  moments answered_at;                         ///< when anybody had a reply
  std::chrono::nanoseconds shortest_silence{}; ///< that is an interruption of a connected client

  // Of each client, in the window.
  std::vector<std::uint64_t> replies;
  latencies_by_client by_client;            ///< of what the level is judged by; empty if there are too many clients
  std::chrono::nanoseconds longest_stall{}; ///< the longest that a connection waited for any reply

  // Of the tool.
  double cpu_share = 0;                 ///< of its threads, 1 if they never slept
  double delay_share = 0;               ///< the same of the time that they waited for a processor
  std::chrono::nanoseconds run_delay{}; ///< that time, of all threads together
  std::uint64_t runs = 0;               ///< each after a wait for a processor, however short
  std::chrono::nanoseconds throttled{}; ///< by the CPU quotas of its control groups, of all processors together
  std::vector<standstill> standstills;
  histogram unread;                   ///< how long replies lay in the kernel before it read them; of some of its reads
  std::uint64_t unknown_arrivals = 0; ///< reads of which that was asked in vain
  histogram lag;                      ///< from when a message could have been sent to when it was
  std::size_t processors = 1;         ///< that it may use
  std::size_t ports = 0;              ///< that it may connect from, of all its addresses together
  std::optional<std::uint64_t> retransmitted; ///< segments meanwhile, of all in its network namespace
  std::string target;                         ///< if this is of one of several
  std::vector<level_result> targets;          ///< of the clients of each, if there are several
  std::vector<second_figures> by_second;      ///< if load::observer kept them
  bool goes_on = false;                       ///< lost connections were made again
  bool interrupted = false;

  void merge(const level_result& other);

  std::uint64_t wrong_total() const noexcept;
  /// By the wall clock, as far as that ran evenly.
  std::chrono::system_clock::time_point time_of(std::chrono::steady_clock::time_point at) const noexcept {
    return started + std::chrono::duration_cast<std::chrono::system_clock::duration>(at - begun);
  }
  double rate() const noexcept; ///< right replies a second, in the window
  std::size_t never_served() const noexcept;
  /// Can it be chance that they had no reply in this window, if they were served as often as the others?
  bool is_unserved_by_chance() const;
  /// A slow server is no outage: silence has to be four times as long as a usual reply takes.
  std::vector<outage> outages() const;
  /// Relative change of the rate from the first half of the window to the second. Nothing unless the trend is steady
  /// and its probability by chance is below 0.1 %.
  std::optional<double> drift() const noexcept;
  /// Share of latencies clustered near 40 ms, the kernel's delayed-ACK timer, while most are far below. 0 without such
  /// a cluster.
  double delayed_ack_share() const noexcept;
  double offered_concurrency() const noexcept;
  double effective_concurrency() const noexcept;
  std::chrono::nanoseconds stood_still() const noexcept;
  std::chrono::nanoseconds longest_standstill() const noexcept;
  std::chrono::nanoseconds mean_run_delay() const noexcept; ///< before each run
  /// Do the figures describe the tool rather than the server, and why?
  tool_limit limited_by() const noexcept;
  /// Did the kernel never tell when replies arrived, although it was asked for long enough?
  bool knows_no_arrivals() const noexcept;
  /// Was it something outside of the tool, which may be over the next time?
  bool is_held_up() const noexcept;
  /// Was there an answer, and nothing wrong, lost or late?
  bool ok() const noexcept;

 private:
  bool reads_late() const noexcept;
  bool shows_in_latency(std::chrono::nanoseconds time) const noexcept;
};

inline constexpr std::size_t most_interruptions = 100'000; // kept of one worker

/// The same, while its parts come from several threads.
struct second {
  std::chrono::nanoseconds time{}; ///< its end, since the level began
  std::uint64_t sent = 0;
  std::uint64_t verified = 0;
  std::uint64_t errors = 0;
  std::size_t connected = 0; ///< clients
  histogram latency;         ///< response in an open loop, service in a closed one

  void merge(const second& other) noexcept;
  second_figures figures() const;
};

} // namespace revecho::stress
