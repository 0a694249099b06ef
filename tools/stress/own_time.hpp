// Processor time that the load tool did not get: how long its threads waited for a processor, and how long a CPU quota
// stopped them. Knows no load.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <istream>

namespace revecho::stress {

/// How often and how long a thread was ready to run, and did not: other threads had the processors, or a quota was used
/// up.
struct run_delay {
  std::chrono::nanoseconds time{};
  std::uint64_t runs = 0; ///< each after a wait, however short
};

/// Of this thread so far. Zero if the kernel does not tell.
run_delay run_delay_of_thread();

/// How long the CPU quotas of this process's control groups, and of those around them, have stopped anything so far, of
/// all processors together. Zero if there are none.
std::chrono::nanoseconds throttled_time();

/// The same. `groups`: a /proc/PID/cgroup; `root`: where control groups are mounted.
std::chrono::nanoseconds throttled_time(std::istream& groups, const std::filesystem::path& root);

} // namespace revecho::stress
