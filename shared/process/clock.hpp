// The clock of deadlines: steady, cheap enough to read for every message, and no finer than deadlines need. Knows no
// timers.
#pragma once

#include <chrono>
#include <ctime>

namespace revecho {

/// Monotonic, a few milliseconds coarse on Linux (CLOCK_MONOTONIC_COARSE: no counter is read), steady elsewhere. Never
/// steps with the wall clock. Not for measuring: use std::chrono::steady_clock for that.
struct coarse_clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<coarse_clock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
    std::timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return time_point{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
#else
    return time_point{std::chrono::steady_clock::now().time_since_epoch()};
#endif
  }
};

using time_point = coarse_clock::time_point;

/// A deadline that never comes.
inline constexpr time_point never = time_point::max();

/// The deadline `timeout` from now; zero means never, as it does in every --…-timeout option.
inline time_point deadline_after(std::chrono::nanoseconds timeout) noexcept {
  return timeout == timeout.zero() ? never : coarse_clock::now() + timeout;
}

} // namespace revecho
