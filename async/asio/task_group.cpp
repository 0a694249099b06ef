#include "async/asio/task_group.hpp"

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
  task_ended_.resume();
}

awaitable<void> task_group::wait_below(std::size_t running) {
  while (running_ >= running)
    co_await task_ended_.wait();
}

awaitable<void> task_group::join() {
  co_await wait_below(1);
  if (failure_) std::rethrow_exception(failure_);
}

} // namespace revecho::async
