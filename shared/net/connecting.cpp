#include "shared/net/connecting.hpp"

#include "shared/net/error.hpp"
#include "shared/net/socket.hpp"
#include "shared/options/limits.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace revecho {
namespace {

constexpr auto look_at_stop = std::chrono::milliseconds{20};

int milliseconds_until(time_point when) {
  constexpr std::int64_t longest_wait = 60'000;
  if (when == never) return longest_wait;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - coarse_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, longest_wait));
}

// Returns early when a signal comes.
void wait_for_any(const std::vector<connection>& attempts, std::vector<pollfd>& waiting, time_point until) {
  waiting.clear();
  for (const auto& each : attempts)
    waiting.push_back({each.socket.get(), POLLOUT, 0});
  if (::poll(waiting.data(), waiting.size(), milliseconds_until(until)) <= 0)
    for (auto& each : waiting)
      each.revents = 0;
}

} // namespace

connection connect_to_first(
    std::span<const socket_address> to, time_point deadline, std::error_code& error, const std::atomic<bool>* stop) {
  std::vector<connection> attempts; // under way
  std::vector<pollfd> waiting;
  auto next_start = time_point::min();
  while (!to.empty() || !attempts.empty()) {
    const auto now = coarse_clock::now();
    const bool stopped = stop != nullptr && *stop;
    if (stopped || now >= deadline) {
      error = std::make_error_code(stopped ? std::errc::operation_canceled : std::errc::timed_out);
      return connection();
    }
    if (!to.empty() && now >= next_start) {
      connection attempt{start_connecting(to.front(), std::nullopt, error), to.front()};
      if (would_block(error)) {
        next_start = now + limits::full_backlog_pause;
      } else {
        to = to.subspan(1);
        if (!error) return attempt;
        if (error != std::errc::operation_in_progress) continue;
        attempts.push_back(std::move(attempt));
        next_start = now + limits::connection_attempt_delay;
      }
    }
    auto until = to.empty() ? deadline : std::min(deadline, next_start);
    if (stop != nullptr) until = std::min(until, now + look_at_stop);
    wait_for_any(attempts, waiting, until);
    for (std::size_t i = attempts.size(); i-- > 0;) {
      if (waiting[i].revents == 0) continue;
      error = connect_result(attempts[i].socket.get(), attempts[i].to);
      if (!error) return std::move(attempts[i]);
      attempts.erase(attempts.begin() + static_cast<std::ptrdiff_t>(i));
      next_start = time_point::min();
    }
  }
  return connection();
}

} // namespace revecho
