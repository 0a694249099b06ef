#include "async/epoll/context.hpp"

#include "shared/net/error.hpp"
#include "shared/options/limits.hpp"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <exception>
#include <new>
#include <system_error>

namespace revecho::async {
namespace {

unique_descriptor opened(int descriptor) {
  if (descriptor < 0) throw std::system_error(last_error(), "cannot make an event loop");
  return unique_descriptor(descriptor);
}

awaitable<void> run_main(context& owner, const std::function<awaitable<void>()>& main, std::exception_ptr& failure) {
  try {
    co_await main();
  } catch (...) {
    failure = std::current_exception();
  }
  owner.abort();
}

// Default timer slack delays each wait by up to 50 microseconds, to save power.
void wake_up_in_time() noexcept { ::prctl(PR_SET_TIMERSLACK, 1UL); }

int wait_for_events(int epoll, std::span<epoll_event> events, std::chrono::nanoseconds timeout) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const std::timespec time{.tv_sec = seconds.count(), .tv_nsec = (timeout - seconds).count()};
  const int count = ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), &time, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout); // Linux before 5.11
  return ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), static_cast<int>(milliseconds.count()));
}

} // namespace

context::context(std::chrono::nanoseconds shortest_timeout)
    : tick_(limits::tick_for(shortest_timeout)),
      next_tick_(timer::clock::now() + tick_),
      epoll_(opened(::epoll_create1(EPOLL_CLOEXEC))),
      wake_up_(opened(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  epoll_event writes{
      .events = EPOLLIN | EPOLLET, .data = {.ptr = this}}; // edge-triggered, so that nobody has to read it
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_up_.get(), &writes) != 0) opened(-1);
}

context::~context() {
  while (!spawned_.empty())
    std::coroutine_handle<promise<void>>::from_promise(spawned_.front()).destroy();
}

void context::run(const std::function<awaitable<void>()>& main) {
  std::exception_ptr failure;
  spawn([&] { return run_main(*this, main, failure); });
  run();
  if (failure) std::rethrow_exception(failure);
}

// std::bad_alloc aborts only the handler that throws it; the loop goes on.
void context::run() {
  wake_up_in_time();
  while (!spawned_.empty() && !aborted_) {
    try {
      turn();
    } catch (const std::bad_alloc&) {
    }
  }
}

void context::turn() {
  if (!events_.empty()) handle_events(); // left over from a handler that threw
  call_queued_handlers();
  expire_timers();
  tick_if_due();
  run_posted();
  if (spawned_.empty() || aborted_) return;
  await_events();
  handle_events();
}

void context::call_queued_handlers() {
  turn_.take_all(queue_);
  while (!turn_.empty())
    turn_.front().take_turn();
}

void context::expire_timers() {
  if (timers_.empty()) return;
  const auto now = timer::clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now)
    timers_.begin()->second->finish();
}

void context::tick_if_due() {
  if (stop_asked_ && !stopping_) {
    stopping_ = true;
    tick_ = std::min(tick_, limits::stopping_tick);
    next_tick_ = {};
  }
  const auto now = timer::clock::now();
  if (now < next_tick_) return;
  next_tick_ = now + tick_;
  const auto coarse_now = coarse_clock::now();
  watched_.for_each([&](watched_descriptor& each) {
    if (each.handler_ == nullptr) return;
    if (stopping_ && each.on_stop_ == on_stop::end) return each.end_wait(std::errc::operation_canceled);
    if (coarse_now >= each.deadline_) each.end_wait(std::errc::timed_out);
  });
}

void context::await_events() {
  std::chrono::nanoseconds timeout{};
  if (queue_.empty()) {
    const auto next = timers_.empty() ? next_tick_ : std::min(next_tick_, timers_.begin()->first);
    timeout = std::max<std::chrono::nanoseconds>(next - std::min(next, timer::clock::now()), {});
  }
  const int count = wait_for_events(epoll_.get(), event_buffer_, timeout);
  events_ = std::span(event_buffer_).first(static_cast<std::size_t>(std::max(count, 0)));
}

void context::handle_events() {
  while (!events_.empty()) {
    const epoll_event event = events_.front();
    events_ = events_.subspan(1);
    if (event.data.ptr != nullptr && event.data.ptr != this)
      static_cast<watched_descriptor*>(event.data.ptr)->on_events(event.events);
  }
}

// Drops fetched but unhandled events of a destroyed descriptor.
void context::forget(const watched_descriptor& gone) noexcept {
  for (epoll_event& e : events_)
    if (e.data.ptr == &gone) e.data.ptr = nullptr;
}

void context::run_posted() {
  std::vector<std::function<void()>> functions;
  {
    const std::lock_guard lock(posting_);
    functions.swap(posted_);
  }
  for (const auto& function : functions)
    function();
}

void context::post(std::function<void()> function) {
  {
    const std::lock_guard lock(posting_);
    posted_.push_back(std::move(function));
  }
  wake();
}

void context::stop() noexcept {
  stop_asked_ = true;
  wake();
}

void context::abort() noexcept {
  aborted_ = true;
  wake();
}

void context::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_up_.get(), &one, sizeof one); // a full counter wakes as well
}

awaitable<void> context::sleep_for(std::chrono::nanoseconds duration) {
  timer sleeper(*this);
  co_await sleeper.until(timer::clock::now() + duration);
}

} // namespace revecho::async
