#include "shared/net/name_lookup.hpp"

#include "shared/process/thread.hpp"

#include <netdb.h>

#include <condition_variable>
#include <mutex>
#include <utility>

namespace revecho {

struct name_lookup::state {
  std::mutex mutex; // for all that follows
  std::condition_variable changed;
  std::function<void()> on_end;
  bool ended = false;
  bool abandoned = false;
  std::error_code error;
  std::vector<socket_address> found;
  std::chrono::nanoseconds duration{};
};

name_lookup::name_lookup(const endpoint& to, std::function<void()> on_end) : state_(std::make_shared<state>()) {
  if (const auto address = socket_address::parse(to)) {
    state_->found.push_back(*address);
    state_->ended = true;
    return;
  }
  state_->on_end = std::move(on_end);
  start_detached_thread([shared = state_, to] {
    const auto before = std::chrono::steady_clock::now();
    std::error_code error;
    auto found = resolve(to, error);
    const std::lock_guard lock(shared->mutex);
    shared->duration = std::chrono::steady_clock::now() - before;
    shared->error = error;
    shared->found = std::move(found);
    shared->ended = true;
    shared->changed.notify_all();
    if (shared->on_end) shared->on_end();
  });
}

name_lookup::~name_lookup() {
  const std::lock_guard lock(state_->mutex);
  state_->on_end = {};
}

void name_lookup::abandon() noexcept {
  const std::lock_guard lock(state_->mutex);
  state_->abandoned = true;
  state_->changed.notify_all();
}

void name_lookup::wait_until(time_point deadline) const {
  std::unique_lock lock(state_->mutex);
  const auto is_over = [&] { return state_->ended || state_->abandoned; };
  if (deadline == never) return state_->changed.wait(lock, is_over);
  state_->changed.wait_for(lock, deadline - coarse_clock::now(), is_over);
}

bool name_lookup::has_ended() const {
  const std::lock_guard lock(state_->mutex);
  return state_->ended;
}

std::vector<socket_address> name_lookup::take(std::error_code& error) {
  const std::lock_guard lock(state_->mutex);
  error = state_->ended ? state_->error : std::error_code(EAI_INPROGRESS, resolver_category());
  return std::move(state_->found);
}

std::chrono::nanoseconds name_lookup::duration() const {
  const std::lock_guard lock(state_->mutex);
  return state_->duration;
}

} // namespace revecho
