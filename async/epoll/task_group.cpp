#include "async/epoll/task_group.hpp"

namespace revecho::async {

awaitable<void> task_group::run(awaitable<void> task) {
  ++running_;
  try {
    co_await task;
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
  }
  if (--running_ < awaited_) few_enough_.resume();
}

awaitable<void> task_group::wait_below(std::size_t running) {
  awaited_ = running;
  if (running_ >= running) co_await few_enough_; // clang 14 cannot compile a loop that only awaits
}

awaitable<void> task_group::join() {
  co_await wait_below(1);
  if (failure_) std::rethrow_exception(failure_);
}

} // namespace revecho::async
