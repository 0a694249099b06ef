// Latencies of one client among thousands: a histogram in a kilobyte, at most 9 % off.
#pragma once

#include "shared/process/histogram.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace revecho::stress {

/// Counts durations in eight buckets for each power of two of microseconds; up to half an hour, and what is
/// longer with these. Not thread-safe.
class small_histogram {
 public:
  void record(std::chrono::nanoseconds value) noexcept {
    ++counts_[bucket_of(value)];
    ++size_;
  }

  /// The end of the bucket of the value that `percent` of all are not above, if at least histogram::fewest_beyond are.
  std::optional<std::chrono::nanoseconds> known_percentile(double percent) const noexcept {
    const double beyond = (1 - percent / 100) * static_cast<double>(size_);
    if (beyond + 1e-6 < histogram::fewest_beyond) return std::nullopt;
    const double wanted = percent / 100 * static_cast<double>(size_) - 1e-6;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (static_cast<double>(seen) >= wanted) return end_of(i);
    }
    return std::nullopt;
  }

 private:
  static constexpr int sub_bits = 3;
  static constexpr int powers = 27;

  static std::size_t bucket_of(std::chrono::nanoseconds value) noexcept {
    const auto units = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0)) >> shift;
    const int excess = std::max(0, static_cast<int>(std::bit_width(units)) - sub_bits - 1);
    const auto bucket = (static_cast<std::size_t>(excess) << sub_bits) + static_cast<std::size_t>(units >> excess);
    return std::min(bucket, buckets - 1);
  }
  static std::chrono::nanoseconds end_of(std::size_t bucket) noexcept {
    const std::size_t power = bucket >> sub_bits;
    const std::size_t excess = power > 0 ? power - 1 : 0;
    const std::uint64_t units = (static_cast<std::uint64_t>(bucket - (excess << sub_bits)) + 1) << excess;
    return std::chrono::nanoseconds{static_cast<std::int64_t>((units << shift) - 1)};
  }

  static constexpr int shift = 10; // a unit is about a microsecond
  static constexpr std::size_t buckets = static_cast<std::size_t>(powers + 1) << sub_bits;
  std::array<std::uint32_t, buckets> counts_{};
  std::uint64_t size_ = 0;
};

} // namespace revecho::stress
