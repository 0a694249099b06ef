#include "shared/process/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace revecho {

// Below 2^7 a bucket a nanosecond; above, the highest eight bits of the value say which.
std::size_t histogram::bucket_of(std::uint64_t nanoseconds) noexcept {
  const int excess = std::max(0, static_cast<int>(std::bit_width(nanoseconds)) - sub_bits - 1);
  return (static_cast<std::size_t>(excess) << sub_bits) + static_cast<std::size_t>(nanoseconds >> excess);
}

std::uint64_t histogram::end_of(std::size_t bucket) noexcept {
  const std::size_t power = bucket >> sub_bits;
  const std::size_t excess = power > 0 ? power - 1 : 0;
  return ((static_cast<std::uint64_t>(bucket - (excess << sub_bits)) + 1) << excess) - 1;
}

void histogram::record(duration value, std::uint64_t times) noexcept {
  value = std::clamp(value, duration{}, duration{std::chrono::hours{1}});
  counts_[bucket_of(static_cast<std::uint64_t>(value.count()))] += times;
  size_ += times;
  sum_ += static_cast<long double>(value.count()) * static_cast<long double>(times);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void histogram::merge(const histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets; ++i)
    counts_[i] += other.counts_[i];
  size_ += other.size_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

histogram::duration histogram::mean() const noexcept {
  return duration{size_ == 0 ? 0 : static_cast<duration::rep>(sum_ / static_cast<long double>(size_))};
}

std::optional<histogram::duration> histogram::known_percentile(double percent) const noexcept {
  constexpr double rounding = 1e-6;
  const double beyond = (1 - percent / 100) * static_cast<double>(size_);
  return beyond + rounding >= fewest_beyond ? std::optional(percentile(percent)) : std::nullopt;
}

histogram::duration histogram::deviation() const noexcept {
  const auto average = static_cast<long double>(mean().count());
  long double squares = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    if (counts_[i] == 0) continue;
    const std::uint64_t begin = i == 0 ? 0 : end_of(i - 1) + 1;
    const duration middle{static_cast<duration::rep>((begin + end_of(i)) / 2)};
    const long double distance = static_cast<long double>(std::clamp(middle, min_, max_).count()) - average;
    squares += distance * distance * static_cast<long double>(counts_[i]);
  }
  return duration{size_ == 0 ? 0 : static_cast<duration::rep>(std::sqrt(squares / static_cast<long double>(size_)))};
}

histogram::duration histogram::percentile(double percent) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(percent / 100 * static_cast<double>(size_) - 1e-9));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets && size_ > 0; ++i) {
    seen += counts_[i];
    if (seen > 0 && seen >= wanted) return std::min(duration{static_cast<duration::rep>(end_of(i))}, max_);
  }
  return max_;
}

} // namespace revecho
