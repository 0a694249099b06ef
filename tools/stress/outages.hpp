// Outages: times in which clients were not answered. Each client's are known by themselves; those that have a moment in
// common are one outage of the path. Knows no sockets and no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace revecho::stress {

/// A time in which one client was not answered: from the message that was lost, or had no reply for long, to the next
/// right reply; to the next connection, if no message was due by then.
struct interruption {
  std::uint64_t client = 0;
  std::chrono::nanoseconds start{}; ///< since the level began
  std::chrono::nanoseconds duration{};
  std::uint64_t lost = 0; ///< messages
  bool connected = false; ///< the connection lasted: there was silence, and then the reply

  std::chrono::nanoseconds end() const noexcept { return start + duration; }
};

/// When there were replies, in steps of 10 ms.
class reply_times {
 public:
  void add(std::chrono::nanoseconds since_begin);
  void merge(const reply_times& other);
  /// Was there any, from one time to the other? Not looking at the steps in which these times lie.
  bool any_between(std::chrono::nanoseconds from, std::chrono::nanoseconds to) const noexcept;

 private:
  static constexpr std::chrono::milliseconds step{10};
  std::vector<bool> steps_;
};

/// Interruptions of distinct clients that had a moment in common.
struct outage {
  std::chrono::nanoseconds start{}; ///< since the level began; the median of theirs
  std::chrono::nanoseconds duration{};
  std::uint64_t connections = 0; ///< clients
  std::uint64_t lost = 0;        ///< messages
  bool whole_path = false;       ///< nobody else was answered meanwhile
};

/// In order of time. `clients`: of the level. Silences shorter than `shortest_silence` are none.
std::vector<outage> outages_of(std::vector<interruption> all, const reply_times& replies, std::size_t clients,
    std::chrono::nanoseconds shortest_silence);

} // namespace revecho::stress
