// Stderr that holds up nobody: lines wait in a queue, and a thread of their own writes them. A terminal that is
// stopped, or a full pipe that nobody reads, blocks that thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace revecho {

/// One a process. Throws std::bad_alloc, and std::system_error if there is no thread to be had.
class stderr_queue {
 public:
  /// Bytes that may wait; lines for which there is no room are dropped and counted.
  static constexpr std::size_t capacity = std::size_t{256} * 1024;

  stderr_queue();
  /// Like drain().
  ~stderr_queue();
  stderr_queue(const stderr_queue&) = delete;
  stderr_queue& operator=(const stderr_queue&) = delete;

  /// False if there is no queue: then the caller writes by itself. Never waits for a reader, and allocates nothing. Any
  /// thread.
  static bool add(std::string_view text) noexcept;

  /// Lines dropped since the last call, once there is room again to say so. Any thread.
  static std::uint64_t take_dropped() noexcept;

  /// Returns when all that waits has been written, or no reader has taken anything for 100 ms. Any thread.
  static void drain() noexcept;

 private:
  struct state;
  std::shared_ptr<state> state_; // the thread's, too: it may have to be left behind
};

} // namespace revecho
