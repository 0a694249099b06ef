#include "tools/stress/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace revecho::stress {
namespace {

constexpr int missed_at_most = 2048; // calls of next_missed() for one window

std::chrono::nanoseconds rounded(double time) noexcept { return std::chrono::nanoseconds{std::llround(time)}; }

} // namespace

steady::time_point connect_time(const workload& work, steady::time_point opened, std::size_t i, std::size_t of) {
  return opened + work.ramp * static_cast<long>(i) / static_cast<long>(of);
}

schedule::schedule(const workload& work, const level_times& times, std::uint64_t number, std::uint64_t all,
    std::uint64_t seed) noexcept
    : work_(work), times_(times), random_(random_bits(seed + number)()), number_(number), all_(all) {}

// Nanoseconds from one message of this client to the next: client i of n starts at i/rate, and then every n/rate. No
// more than any duration that can be asked for: sums of times must not overflow.
double schedule::period() const noexcept {
  constexpr std::chrono::duration<double, std::nano> longest = limits::max_duration;
  return std::min(static_cast<double>(all_) / work_.rate * 1e9, longest.count());
}

void schedule::begin(steady::time_point now) {
  if (!is_open()) {
    next_ = now;
    return;
  }
  next_ = times_.begun;
  if (work_.arrival == arrivals::even) {
    next_ += rounded(period() * static_cast<double>(number_) / static_cast<double>(all_));
  } else {
    next_ += draw_gap();
  }
  if (work_.ramp.count() == 0 || next_ >= now) return;
  // Messages due before its turn to connect are not its work. (Random arrivals have no memory: the next gap starts
  // now.)
  next_ = work_.arrival == arrivals::even
              ? next_ + rounded(period() * std::ceil(static_cast<double>((now - next_).count()) / period()))
              : now + draw_gap();
}

std::chrono::nanoseconds schedule::draw_gap() {
  return rounded(work_.arrival == arrivals::even ? period() : -period() * std::log1p(-random_.fraction()));
}

void schedule::advance(steady::time_point now) { next_ = is_open() ? next_ + draw_gap() : now; }

void schedule::think(steady::time_point now, std::size_t answers) {
  for (; !is_open() && answers > 0; --answers)
    next_ = now + work_.think.draw(random_);
}

bool schedule::has_more(steady::time_point now, std::uint64_t started) const noexcept {
  if (work_.messages) return started < *work_.messages;
  if (!is_open()) return std::max(next_, now) < times_.stop_sending;
  // A message that was due is sent, however late, unless it would have timed out by now.
  return next_ < times_.stop_sending && now < times_.stop_sending + work_.timeout;
}

missed_messages schedule::next_missed() {
  if (!is_open() || work_.messages || next_ >= times_.window_end) return {};
  const auto first = next_;
  const auto end = std::min(first + work_.duration / missed_at_most, times_.window_end);
  const double others = static_cast<double>((end - first).count()) / period();
  if (others < 1) {
    next_ += draw_gap();
    return {first, 1};
  }
  if (work_.arrival == arrivals::even) {
    const double count = std::ceil(others);
    next_ += rounded(period() * count);
    return {first + rounded(period() * (count - 1)), static_cast<std::uint64_t>(count)};
  }
  next_ = end + draw_gap();
  return {end - std::chrono::nanoseconds{1}, 1 + std::poisson_distribution<std::uint64_t>(others)(random_)};
}

std::size_t schedule::draw_size() {
  const auto drawn = static_cast<std::size_t>(std::max<std::int64_t>(work_.size.draw(random_).count(), 1));
  return std::min(drawn, work_.max_size);
}

std::uint64_t schedule::draw_session_size() {
  auto size = std::numeric_limits<std::uint64_t>::max();
  if (work_.session)
    size = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(work_.session->draw(random_).count()));
  return work_.framing_kind == framing::eof ? 1 : size;
}

} // namespace revecho::stress
