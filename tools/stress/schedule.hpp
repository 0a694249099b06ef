// Schedule of one client, drawn from its workload: when the next message is due, its size, and the messages of a
// connection. Knows no clock: times are passed in.
#pragma once

#include "shared/protocol/random.hpp"
#include "tools/stress/workload.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace revecho::stress {

/// When client `i` of `of` opens its first connection: evenly over the ramp.
steady::time_point connect_time(const workload&, steady::time_point opened, std::size_t i, std::size_t of);

/// Messages that were due one shortly after the other.
struct missed_messages {
  steady::time_point last_due{};
  std::uint64_t count = 0;
};

/// The schedule of one client. A closed loop sends when a reply has come and it has thought; an open loop sends when it
/// is time, whatever has come.
class schedule {
 public:
  /// `number` of `all` clients: in an open loop, their schedules interleave. The workload and the times must outlive
  /// it; the times are looked at from begin() on.
  schedule(const workload& work, const level_times& times, std::uint64_t number, std::uint64_t all,
      std::uint64_t seed) noexcept;

  /// The level has begun, and the first connection stands.
  void begin(steady::time_point now);

  /// The next message is due then, not before.
  steady::time_point next() const noexcept { return next_; }

  /// A message has been started now: the one after it is due later.
  void advance(steady::time_point now);

  /// Messages have been answered: a closed loop thinks before the next one.
  void think(steady::time_point now, std::size_t answers);

  /// Is there any message left for this client, now or later, when it has started so many?
  bool has_more(steady::time_point now, std::uint64_t started) const noexcept;

  /// The next messages that were due in the window, and never sent; none once there are no more. Only an open loop has
  /// such. Advances. At high rates several are taken together, so that a window takes a bounded number of calls.
  missed_messages next_missed();

  std::size_t draw_size();           ///< of the next message, bytes
  std::uint64_t draw_session_size(); ///< messages of the next connection
  bool is_open() const noexcept { return work_.rate > 0; }

 private:
  double period() const noexcept;
  std::chrono::nanoseconds draw_gap();

  steady::time_point next_{};
  const workload& work_;
  const level_times& times_;
  random_bits random_;
  std::uint64_t number_;
  std::uint64_t all_;
};

} // namespace revecho::stress
