// Counts what happens to the messages of one worker's clients, and when. Knows no clock: times are passed in.
#pragma once

#include "tools/stress/results.hpp"
#include "tools/stress/workload.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace revecho::stress {

inline constexpr std::chrono::milliseconds pulse{20};

/// Belongs to one thread. `intended`: when a message was due; `sent`: when it was sent. Latencies are those of messages
/// intended within the window.
class recorder {
 public:
  /// The workload must outlive it. `keeps_seconds`: somebody wants take_second() to have latencies. `all`: recorders of
  /// the level, which share what a level keeps.
  recorder(const workload& work, bool keeps_seconds, std::size_t all = 1) noexcept
      : work_(work), keeps_seconds_(keeps_seconds) {
    const std::size_t most = work.keeps_events ? std::max<std::size_t>(most_events / all, 1) : 0;
    result_.faults.keep_all(most);
    result_.ends.keep_all(most);
  }

  /// The level has begun. Until then nothing is within the window.
  void begin(const level_times& times) noexcept;

  const level_times& times() const noexcept { return times_; }
  level_result& result() noexcept { return result_; }
  steady::time_point last_reply() const noexcept { return last_reply_; }

  /// The event loop turns, at that time. Call it every `pulse` at least: a much longer pause is a standstill of the
  /// tool.
  void notice(steady::time_point now);
  /// True after a standstill since `t`: the latency of a reply then in flight is unknown.
  bool stood_still_since(steady::time_point t) const noexcept { return awake_since_ > t; }
  /// Does the latency of a message that was due then count?
  bool counts_latency(steady::time_point intended) const noexcept {
    return times_.is_in_window(intended) && !stood_still_since(intended);
  }
  /// How much of that time the tool stood still; `to`: now.
  std::chrono::nanoseconds stood_still_in(steady::time_point from, steady::time_point to) const noexcept;

  /// The counts since the last call; their time is the caller's to say.
  second take_second() noexcept;

  void count_connect(std::chrono::nanoseconds took) noexcept { result_.connect.values.record(took); }
  /// `again`: attempts before it have failed, too. Only the first one counts as a connection that took long.
  void count_connect_failed(std::chrono::nanoseconds took, bool again);
  void count_reconnect() noexcept { ++result_.reconnects; }
  /// A client without a connection gives up, although it has messages left.
  void count_gone(steady::time_point now) noexcept;
  void count_connected(int change) noexcept { connected_ += static_cast<std::size_t>(change); }

  void count_sent(steady::time_point intended, steady::time_point now);
  /// Records how long the last bytes of a read waited in the kernel; nothing if the kernel does not report it or the
  /// wall clock stepped. `sent`: send time of the oldest unanswered message.
  void count_unread(
      std::optional<std::chrono::nanoseconds> lay_for, steady::time_point sent, steady::time_point now) noexcept;
  void count_lag(steady::time_point intended, steady::time_point sent) noexcept;

  /// A right reply; `waiting_since`: when this connection had its last one, or sent the message if that was later;
  /// `served`: whether this client had one in the window before. Returns whether it came within the window.
  bool count_reply(steady::time_point intended, steady::time_point sent, steady::time_point waiting_since,
      steady::time_point now, std::size_t pieces, bool served);
  /// The same reply as a tool that is never late would have had it: sent at `ready`, and read when it arrived in the
  /// kernel, as far as count_unread() knows. Returns when that is.
  steady::time_point count_net_reply(
      steady::time_point intended, steady::time_point ready, steady::time_point sent, steady::time_point now) noexcept;
  void count_wrong(fault kind) noexcept;
  /// The first right reply on a connection, to a message that was due at `intended`; `connecting`: how long the
  /// connection took to make.
  void count_first_reply(std::chrono::nanoseconds connecting, steady::time_point intended, steady::time_point now);
  /// There was none: it takes as long as until now, and `at_least` that.
  void count_no_first_reply(std::chrono::nanoseconds connecting, steady::time_point intended, steady::time_point now,
      std::chrono::nanoseconds at_least);
  /// The reply does not come: it is late, or the connection is lost.
  void count_lost(steady::time_point intended, steady::time_point sent, steady::time_point now, bool late) noexcept;
  /// The same, but the connection lasts: a later reply came first.
  void count_overtaken(steady::time_point intended, steady::time_point sent, steady::time_point now) noexcept;
  /// A reply that count_overtaken() was called for has come after all.
  void count_found() noexcept {
    result_.faults.take_back(fault::overtaken);
    --result_.lost;
    --result_.lost_outside_outages;
  }
  /// After the last reply the end of the stream did not come.
  void count_no_end(bool late) noexcept;
  void count_closed_early() noexcept;
  void count_closed_idle() noexcept { ++result_.closed_idle; }
  /// Not waited for any longer, and nobody's fault.
  void count_unfinished(steady::time_point intended, steady::time_point sent, steady::time_point now) noexcept;
  /// Due, and never sent. `connected`: their client waited for earlier replies; else it had no connection.
  void count_missed(steady::time_point intended, steady::time_point now, std::uint64_t count, bool connected) noexcept;

  /// `connected`: it was silence on a connection that lasted.
  void add_interruption(
      std::uint64_t client, steady::time_point from, steady::time_point to, std::uint64_t lost, bool connected);

  /// Single faults, besides the counts above.
  incidents& faults() noexcept { return result_.faults; }
  connection_ends& ends() noexcept { return result_.ends; }
  symptoms& seen() noexcept { return result_.seen; }

 private:
  void count_in_part(steady::time_point now) noexcept;
  void count_part_in_window(steady::time_point sent, steady::time_point now, bool served) noexcept;
  void record_censored(steady::time_point intended, steady::time_point sent, steady::time_point now,
      std::chrono::nanoseconds at_least) noexcept;
  bool is_open() const noexcept { return work_.rate > 0; }
  void look_for_standstill(steady::time_point now);

  const workload& work_;
  bool keeps_seconds_;
  level_times times_;
  std::size_t connected_ = 0;
  steady::time_point last_reply_{};
  std::chrono::nanoseconds unread_for_{}; // what was read last
  bool watched_ = false;                  // somebody calls notice()
  steady::time_point noticed_{};          // last
  steady::time_point awake_since_{};      // the end of the last standstill
  level_result result_;
  second current_;
};

} // namespace revecho::stress
