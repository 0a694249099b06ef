#include "async/asio/connect.hpp"

#include "async/asio/cancellable.hpp"
#include "async/asio/suspension.hpp"
#include "shared/net/error.hpp"
#include "shared/net/name_lookup.hpp"
#include "shared/net/socket.hpp"
#include "shared/options/limits.hpp"

#include <asio/post.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace revecho::async {
namespace {

// A coroutine that waits for something, but not for ever. Shared with whoever ends the wait, and may come too late.
struct waiting {
  explicit waiting(context& owner) : timer(owner.get_executor()) {}

  suspension place;
  async::timer timer;
};

void resume_at(const std::shared_ptr<waiting>& who, timer::time_point when) {
  who->timer.expires_at(when);
  who->timer.async_wait([who](std::error_code canceled) {
    if (!canceled) who->place.resume();
  });
}

// Avoids asio's resolver, which cannot cancel a look-up under way: the loop's destructor would wait for it.
awaitable<std::vector<socket_address>> look_up(
    context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  const auto here = std::make_shared<waiting>(owner);
  name_lookup lookup(to, [here] { asio::post(here->timer.get_executor(), [here] { here->place.resume(); }); });
  if (deadline != never) resume_at(here, timer::time_point(deadline.time_since_epoch()));
  if (!lookup.has_ended()) co_await here->place.wait();
  here->timer.cancel();
  co_return lookup.take(error);
}

// Parallel attempts, and the coroutine that started them.
struct race : waiting {
  explicit race(context& loop) : waiting(loop), owner(loop) {}

  context& owner;
  std::vector<stream*> attempts;
  std::optional<stream> winner;
  std::error_code error; // of the last one to fail
  bool one_has_ended = false;
};

awaitable<void> attempt(std::shared_ptr<race> all, socket_address to, time_point deadline) {
  std::error_code error;
  std::optional<stream> peer;
  try {
    // asio would wait for a UNIX socket, too, which connects at once or, while the backlog is full, not at all.
    auto socket = (to.is_unix() ? start_connecting : open_socket)(to, std::nullopt, error);
    while (would_block(error) && coarse_clock::now() < deadline) {
      co_await all->owner.sleep_for(limits::full_backlog_pause);
      socket = start_connecting(to, std::nullopt, error);
    }
    if (would_block(error)) error = std::make_error_code(std::errc::timed_out);
    if (!error) {
      peer.emplace(all->owner, std::move(socket), to);
      all->attempts.push_back(&*peer);
      if (!to.is_unix()) co_await peer->connect(deadline, error);
    }
  } catch (const std::bad_alloc&) {
    error = std::make_error_code(std::errc::not_enough_memory);
  }
  if (peer) std::erase(all->attempts, &*peer);
  if (!error && !all->winner) all->winner.emplace(std::move(*peer));
  if (error) all->error = standard(error);
  all->one_has_ended = true;
  all->place.resume();
}

} // namespace

awaitable<std::optional<stream>> connect(
    context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  const auto addresses = co_await look_up(owner, to, deadline, error);
  if (error) co_return std::nullopt;
  const auto all = std::make_shared<race>(owner);
  auto next = addresses.begin();
  while (!all->winner && !is_deadline(all->error) && (next != addresses.end() || !all->attempts.empty())) {
    all->one_has_ended = false;
    if (next != addresses.end()) owner.spawn(attempt, all, *next++, deadline);
    if (all->one_has_ended) continue;
    if (next != addresses.end()) resume_at(all, timer::clock_type::now() + limits::connection_attempt_delay);
    co_await all->place.wait();
  }
  all->timer.cancel();
  for (stream* each : all->attempts)
    each->cancel();
  error = all->winner ? std::error_code() : all->error;
  co_return std::move(all->winner);
}

} // namespace revecho::async
