// Busy time of processors, for all programs together, from /proc/stat.
#pragma once

#include <chrono>
#include <istream>
#include <optional>
#include <vector>

namespace revecho::compare {

/// Of some processors together, since the machine started. The kernel counts in steps of `tick`.
struct processor_times {
  static constexpr std::chrono::milliseconds tick{10};

  std::chrono::nanoseconds user{}; ///< with the nice ones
  std::chrono::nanoseconds system{};
  std::chrono::nanoseconds irq{};
  std::chrono::nanoseconds softirq{};
  std::chrono::nanoseconds steal{}; ///< wanted, and given to other virtual machines

  /// Not idle, and not stolen.
  std::chrono::nanoseconds busy() const noexcept { return user + system + irq + softirq; }
};

processor_times operator-(const processor_times&, const processor_times&) noexcept;

/// Nothing if the system does not tell it of each of them.
std::optional<processor_times> processor_times_of(const std::vector<int>& cpus);

/// The same from the text of a /proc/stat.
std::optional<processor_times> processor_times_of(const std::vector<int>& cpus, std::istream& stat);

/// Did other programs use more than 3 % of these processors' time, or was that much stolen? `spent`: their times within
/// `wall`; `own`: the part of it that the server used. Differences that the kernel's steps explain do not count.
bool is_disturbed(const processor_times& spent, std::chrono::nanoseconds own, std::chrono::nanoseconds wall,
    std::size_t cpus) noexcept;

} // namespace revecho::compare
