#include "async/asio/task_group.hpp"

#include <asio/async_result.hpp>

#include <utility>

namespace revecho::async {

awaitable<void> task_group::run(awaitable<void> task) {
  ++running_;
  try {
    co_await std::move(task);
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
  }
  --running_;
  if (waiting_) {
    auto resume = std::move(*waiting_);
    waiting_.reset();
    std::move(resume)();
  }
}

awaitable<void> task_group::wait_below(std::size_t running) {
  while (running_ >= running)
    co_await task_ended();
}

awaitable<void> task_group::task_ended() {
  return asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(
      [this](auto resume) { waiting_.emplace(std::move(resume)); }, use_awaitable);
}

awaitable<void> task_group::join() {
  co_await wait_below(1);
  if (failure_) std::rethrow_exception(failure_);
}

} // namespace revecho::async
