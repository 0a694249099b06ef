#include "async/asio/task_group.hpp"

#include <asio/redirect_error.hpp>

namespace revecho::async {

task_group::task_group(context& owner, std::size_t limit)
    : owner_(owner), limit_(limit), task_ended_(owner.get_executor(), timer::time_point::max()) {}

awaitable<void> task_group::run(awaitable<void> task) {
  ++running_;
  try {
    co_await std::move(task);
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
  }
  --running_;
  task_ended_.cancel();
}

awaitable<void> task_group::wait_below(std::size_t running) {
  std::error_code canceled;
  while (running_ >= running)
    co_await task_ended_.async_wait(asio::redirect_error(use_awaitable, canceled));
}

awaitable<void> task_group::join() {
  co_await wait_below(1);
  if (failure_) std::rethrow_exception(failure_);
}

} // namespace revecho::async
