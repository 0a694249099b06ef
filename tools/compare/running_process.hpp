// CPU time and memory of a server that somebody else started on this machine: of its process and of all descendants,
// because a server may fork workers, or a process for each connection.
#pragma once

#include "tools/compare/server_process.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include <sys/types.h>

namespace revecho::compare {

/// A process, and no other one that gets its number later.
struct running_process {
  pid_t number = 0;
  std::uint64_t started = 0; ///< clock ticks after the start of the machine
  std::string program;       ///< "nginx"
};

/// Throws std::invalid_argument if there is none of this number, or nothing of it can be read.
running_process find_process(pid_t number);

/// "process 1234 (nginx)"
std::string to_string(const running_process&);

/// Or does it end within that time?
bool has_ended(const running_process&, std::chrono::nanoseconds within = {});

/// What it and its descendants have used so far, and use now.
struct process_costs {
  std::chrono::nanoseconds time{}; ///< with that of descendants which were waited for
  std::uint64_t user_ticks = 0;    ///< of the same time, as coarsely as the kernel divides it
  std::uint64_t system_ticks = 0;
  std::size_t threads = 0;
  double memory = 0; ///< resident bytes; those that several processes share count for each
};

/// Reads all processes of the machine. Throws std::runtime_error if it has ended.
process_costs costs_of(const running_process&);

/// Costs from the constructor to stop().
class process_watch {
 public:
  /// Throws std::runtime_error if it has ended.
  explicit process_watch(running_process);
  ~process_watch();
  process_watch(const process_watch&) = delete;
  process_watch& operator=(const process_watch&) = delete;

  /// Threads and memory are the most of what was seen at once. Throws std::runtime_error if it has ended.
  server_usage stop();

 private:
  void look(const std::stop_token&);
  void take_peaks(const process_costs&) noexcept;
  void stop_looking();

  running_process process_;
  process_costs at_start_;
  std::atomic<std::size_t> most_threads_ = 0;
  std::atomic<double> most_memory_ = 0;
  std::jthread looker_;
};

} // namespace revecho::compare
