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

/// Times at which something happened, in steps of 10 ms.
class moments {
 public:
  void add(std::chrono::nanoseconds since_begin);
  void merge(const moments& other);
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
  bool whole_path = false;       ///< nobody was answered meanwhile, and it is not just one that asked
};

/// In order of time. `asked`, `answered`: when anybody sent a message, or had a reply. `clients`: of the level.
/// Silences shorter than `shortest_silence` are none.
std::vector<outage> outages_of(std::vector<interruption> all, const moments& asked, const moments& answered,
    std::size_t clients, std::chrono::nanoseconds shortest_silence);

} // namespace revecho::stress
