// Latencies in constant memory: a log-linear histogram, at most 0.8 % off from a microsecond to many minutes.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace revecho {

/// Counts durations in buckets that are as wide as 1/128 of the power of two they lie in (as HdrHistogram does; Tene,
/// 2012). Histograms of several threads or runs are merged as histograms: averages of percentiles mean nothing. Not
/// thread-safe.
class histogram {
 public:
  using duration = std::chrono::nanoseconds;

  /// Negative durations count as zero, ones above an hour as an hour.
  void record(duration value, std::uint64_t times = 1) noexcept;
  void merge(const histogram& other) noexcept;

  std::uint64_t size() const noexcept { return size_; }
  duration min() const noexcept { return size_ == 0 ? duration{} : min_; } ///< exact
  duration max() const noexcept { return max_; }                           ///< exact
  duration mean() const noexcept;                                          ///< exact

  /// The smallest value that at least `percent` of all values do not exceed (99.9 → p99.9), rounded up to the end of
  /// its bucket, at most max(); zero when empty.
  duration percentile(double percent) const noexcept;

  /// The same, if at least `fewest_beyond` values lie beyond it; with fewer, the percentile is mere chance.
  std::optional<duration> known_percentile(double percent) const noexcept;
  static constexpr int fewest_beyond = 10;

  /// Standard deviation, with each value approximated by the middle of its bucket.
  duration deviation() const noexcept;

  /// Calls use(end, count) for each non-empty bucket, in order: the end of the bucket (max() for the last one), and the
  /// cumulative count up to it.
  template <class Use>
  void for_each_bucket(Use use) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets; ++i) {
      if (counts_[i] == 0) continue;
      seen += counts_[i];
      use(std::min(duration{static_cast<duration::rep>(end_of(i))}, max_), seen);
    }
  }

  static constexpr std::size_t buckets_of_a_power() noexcept { return std::size_t{1} << sub_bits; }
  static constexpr int powers() noexcept { return highest_power - sub_bits + 1; }

 private:
  static constexpr int sub_bits = 7;       // 128 buckets for each power of two
  static constexpr int highest_power = 42; // 2^42 ns: 73 minutes
  static constexpr std::size_t buckets = static_cast<std::size_t>(highest_power - sub_bits + 1) << sub_bits;
  static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept;
  static std::uint64_t end_of(std::size_t bucket) noexcept;

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t size_ = 0;
  long double sum_ = 0;
  duration min_ = duration::max();
  duration max_{};
};

} // namespace revecho
