#include "async/epoll/connect.hpp"

#include "async/epoll/timer.hpp"
#include "shared/net/error.hpp"
#include "shared/net/name_lookup.hpp"
#include "shared/net/socket.hpp"
#include "shared/options/limits.hpp"

#include <list>
#include <memory>
#include <utility>
#include <vector>

namespace revecho::async {
namespace {

timer::clock::time_point precise(time_point deadline) {
  if (deadline == never) return timer::clock::time_point::max();
  return timer::clock::time_point(deadline.time_since_epoch());
}

// The call that the look-up's thread has posted may run after this coroutine has ended: so the timer is shared with it.
awaitable<std::vector<socket_address>> look_up(
    context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  const auto waiting = std::make_shared<timer>(owner);
  name_lookup lookup(to, [&owner, waiting] { owner.post([waiting] { waiting->cancel(); }); });
  if (!lookup.has_ended()) co_await waiting->until(precise(deadline));
  co_return lookup.take(error);
}

// A connection under way, which ends the wait of whoever has begun it. What is watched must not move, so the stream is
// made of its descriptor only once it stands.
class attempt final : public watched_descriptor, private ready_handler {
 public:
  attempt(context& owner, unique_descriptor socket, const socket_address& to, timer& waiting) noexcept
      : watched_descriptor(owner, std::move(socket)), to_(to), waiting_(waiting) {}

  using watched_descriptor::release;
  void begin(time_point deadline) noexcept { wait(writable, *this, deadline, on_stop::end); }
  bool has_ended() const noexcept { return ended_; }
  std::error_code error() const noexcept { return error_; }
  const socket_address& to() const noexcept { return to_; }

 private:
  void on_ready(std::error_code error) override {
    ended_ = true;
    error_ = error ? error : connect_result(descriptor(), to_);
    waiting_.finish(); // which may destroy this
  }

  socket_address to_;
  timer& waiting_;
  bool ended_ = false;
  std::error_code error_;
};

// Of all attempts.
bool is_over(std::error_code error) noexcept { return is_deadline(error) || error == std::errc::operation_canceled; }

} // namespace

awaitable<std::optional<stream>> connect(
    context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  const auto addresses = co_await look_up(owner, to, deadline, error);
  if (error) co_return std::nullopt;
  co_return co_await connect_to_first(owner, addresses, deadline, error);
}

awaitable<std::optional<stream>> connect_to_first(context& owner, std::span<const socket_address> to,
    time_point deadline, std::error_code& error, std::optional<socket_address> from) {
  timer waiting(owner); // for an attempt to end, or for the next one to begin
  std::list<attempt> attempts;
  while (!to.empty() || !attempts.empty()) {
    auto next_start = timer::clock::time_point::max();
    if (!to.empty()) {
      const auto address = to.front();
      to = to.subspan(1);
      auto socket = start_connecting(address, from, error);
      while (would_block(error) && !owner.stopping() && coarse_clock::now() < deadline) { // the backlog is full
        co_await waiting.until(timer::clock::now() + limits::full_backlog_pause);
        socket = start_connecting(address, from, error);
      }
      if (would_block(error))
        error = std::make_error_code(owner.stopping() ? std::errc::operation_canceled : std::errc::timed_out);
      if (!error) co_return stream(owner, std::move(socket), address);
      if (error != std::errc::operation_in_progress) continue;
      attempts.emplace_back(owner, std::move(socket), address, waiting).begin(deadline);
      if (!to.empty()) next_start = timer::clock::now() + limits::connection_attempt_delay;
    }
    co_await waiting.until(next_start);
    for (auto each = attempts.begin(); each != attempts.end();) {
      if (!each->has_ended()) {
        ++each;
        continue;
      }
      error = each->error();
      if (!error) co_return stream(owner, each->release(), each->to());
      if (is_over(error)) co_return std::nullopt;
      each = attempts.erase(each);
    }
  }
  co_return std::nullopt;
}

} // namespace revecho::async
