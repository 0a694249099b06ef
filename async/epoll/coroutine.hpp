// Coroutines that are awaited: what they return, and how one goes on when another has ended. Knows no event loop: who
// suspends a coroutine resumes it. One thread.
#pragma once

#include "async/epoll/list_node.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace revecho {

/// What the promises of all coroutines have in common. Those that run by themselves, awaited by nobody, are listed by
/// whoever has started them, who destroys those that have not ended; any other is alone.
class promise_base : public list_node {
 public:
  struct at_the_end {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const auto awaiting = ended.promise().awaiting_;
      if (awaiting) {
        awaiting.resume();
      } else if (!ended.promise().is_alone()) {
        ended.destroy(); // nobody else does
      }
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  at_the_end final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept {
    if (!is_alone()) std::terminate(); // nobody awaits what was spawned
    failure_ = std::current_exception();
  }
  void set_awaiting(std::coroutine_handle<> coroutine) noexcept { awaiting_ = coroutine; }

 protected:
  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::coroutine_handle<> awaiting_; // goes on when this one has ended
  std::exception_ptr failure_;
};

template <class T>
class promise;

/// A coroutine that runs once it is awaited, and then gives its result, or throws, to the one that awaits it.
///
/// It is not asio::awaitable because of what that allocates: a frame for every operation that is awaited, a read as
/// well as a write; and with asio 1.22 an operation that cannot be started for want of memory ends the program. Here an
/// operation is an object in the frame of the coroutine that awaits it.
template <class T>
class [[nodiscard]] awaitable {
 public:
  using promise_type = promise<T>;

  explicit awaitable(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
  awaitable(awaitable&& other) noexcept : coroutine_(other.release()) {}
  awaitable& operator=(awaitable&&) = delete;
  ~awaitable() {
    if (coroutine_) coroutine_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  // It runs in here until it first waits. Who does not wait at all never needs to be told who awaits it, and a loop of
  // such calls does not grow the stack, as it would if the two handed over to each other.
  bool await_suspend(std::coroutine_handle<> awaiting) {
    coroutine_.resume();
    if (coroutine_.done()) return false;
    coroutine_.promise().set_awaiting(awaiting);
    return true;
  }
  T await_resume() { return coroutine_.promise().take(); }

  /// Gives the coroutine away.
  std::coroutine_handle<promise_type> release() noexcept { return std::exchange(coroutine_, nullptr); }

 private:
  std::coroutine_handle<promise_type> coroutine_;
};

template <class T>
class promise : public promise_base {
 public:
  awaitable<T> get_return_object() noexcept {
    return awaitable<T>(std::coroutine_handle<promise>::from_promise(*this));
  }
  void return_value(T value) { value_.emplace(std::move(value)); }
  T take() {
    rethrow_failure();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class promise<void> : public promise_base {
 public:
  awaitable<void> get_return_object() noexcept {
    return awaitable<void>(std::coroutine_handle<promise>::from_promise(*this));
  }
  void return_void() const noexcept {}
  void take() const { rethrow_failure(); }
};

/// Where one coroutine waits, by `co_await`, until somebody calls resume().
class suspension {
 public:
  suspension() = default;
  suspension(const suspension&) = delete;
  suspension& operator=(const suspension&) = delete;

  bool is_awaited() const noexcept { return static_cast<bool>(coroutine_); }
  /// Runs the coroutine, if there is one, until it ends or waits again. It may destroy this object.
  void resume() {
    if (coroutine_) std::exchange(coroutine_, nullptr).resume();
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept { coroutine_ = coroutine; }
  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<> coroutine_;
};

} // namespace revecho
