#include "async/epoll/timer.hpp"

#include "async/epoll/context.hpp"

namespace revecho::async {

timer::~timer() {
  if (coroutine_) owner_.timers_.erase(place_);
}

void timer::start(clock::time_point when, std::coroutine_handle<> coroutine) {
  place_ = owner_.timers_.emplace(when, this).first;
  coroutine_ = coroutine;
}

void timer::cancel() noexcept {
  if (!coroutine_) return;
  auto node = owner_.timers_.extract(place_);
  node.value().first = clock::time_point::min();
  place_ = owner_.timers_.insert(std::move(node)).position;
}

void timer::finish() {
  if (!coroutine_) return;
  owner_.timers_.erase(place_);
  std::exchange(coroutine_, nullptr).resume();
}

} // namespace revecho::async
