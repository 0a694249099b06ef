// Tasks that run at the same time, at most `limit` of them, and whose end can be awaited. One context.
#pragma once

#include "async/asio/context.hpp"
#include "async/asio/suspension.hpp"

#include <cstddef>
#include <exception>

namespace revecho::async {

class task_group {
 public:
  task_group(context& owner, std::size_t limit) : owner_(owner), limit_(limit) {}

  /// Starts task(arguments…), after waiting for a place.
  template <class Task, class... Arguments>
  awaitable<void> spawn(Task task, Arguments... arguments) {
    co_await wait_below(limit_);
    owner_.spawn([&] { return run(task(arguments...)); });
  }

  /// Waits until all have ended. Throws what the first of them threw, if any did.
  awaitable<void> join();

 private:
  awaitable<void> run(awaitable<void> task);
  awaitable<void> wait_below(std::size_t running);

  context& owner_;
  std::size_t limit_;
  std::size_t running_ = 0;
  std::exception_ptr failure_;
  suspension task_ended_;
};

} // namespace revecho::async
