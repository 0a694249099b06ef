#include "async/epoll/watched_descriptor.hpp"

#include "async/epoll/context.hpp"

#include <cassert>
#include <cerrno>
#include <utility>

namespace revecho::async {

watched_descriptor::watched_descriptor(context& owner, unique_descriptor descriptor) noexcept
    : owner_(&owner), descriptor_(std::move(descriptor)) {}

watched_descriptor::watched_descriptor(watched_descriptor&& other) noexcept
    : owner_(other.owner_), descriptor_(std::move(other.descriptor_)) {
  assert(!other.is_linked() && !other.registered_);
}

watched_descriptor::~watched_descriptor() {
  if (registered_) owner_->forget(*this);
}

void watched_descriptor::wait(
    std::uint32_t events, ready_handler& handler, time_point deadline, on_stop when_stopped) noexcept {
  assert(handler_ == nullptr);
  handler_ = &handler;
  awaited_ = events;
  deadline_ = deadline;
  on_stop_ = when_stopped;
  if (!is_linked()) owner_->watched_.push_back(*this);
  if (!registered_) {
    epoll_event all{.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = this}};
    if (::epoll_ctl(owner_->epoll_.get(), EPOLL_CTL_ADD, descriptor(), &all) != 0)
      return end_wait(static_cast<std::errc>(errno));
    registered_ = true;
  }
  // A peer that sends without a pause keeps it ready: the tick, which looks at those that wait, never sees it.
  if (is_ready(events) || events == 0)
    return end_wait(coarse_clock::now() < deadline ? std::errc{} : std::errc::timed_out);
  if (owner_->stopping_ && when_stopped == on_stop::end) end_wait(std::errc::operation_canceled);
}

void watched_descriptor::interrupt() noexcept {
  if (handler_ != nullptr && !queued_) end_wait(std::errc::interrupted);
}

unique_descriptor watched_descriptor::release() noexcept {
  if (registered_) {
    ::epoll_ctl(owner_->epoll_.get(), EPOLL_CTL_DEL, descriptor(), nullptr);
    owner_->forget(*this);
    registered_ = false;
  }
  unlink();
  return std::move(descriptor_);
}

void watched_descriptor::on_events(std::uint32_t events) {
  ready_ |= events;
  if (handler_ != nullptr && !queued_ && is_ready(awaited_)) std::exchange(handler_, nullptr)->on_ready({});
}

// The loop calls the handler later: whoever ends a wait may be in the middle of something. What was ready already has
// its turn after the others, too.
void watched_descriptor::end_wait(std::errc reason) noexcept {
  reason_ = reason;
  queued_ = true;
  owner_->queue_.push_back(*this);
}

void watched_descriptor::take_turn() {
  queued_ = false;
  owner_->watched_.push_back(*this);
  std::exchange(handler_, nullptr)->on_ready(reason_ == std::errc{} ? std::error_code{} : make_error_code(reason_));
}

readiness::readiness(watched_descriptor& of, std::uint32_t events, time_point deadline, on_stop when_stopped,
    std::error_code& error) noexcept
    : of_(of), events_(events), on_stop_(when_stopped), deadline_(deadline), error_(error) {}

void readiness::await_suspend(std::coroutine_handle<> coroutine) noexcept {
  coroutine_ = coroutine;
  of_.wait(events_, *this, deadline_, on_stop_);
}

void readiness::on_ready(std::error_code error) {
  error_ = error;
  coroutine_.resume();
}

} // namespace revecho::async
