// Coroutines that can be awaited, or spawned. Knows no event loop: whoever suspends a coroutine resumes it. One thread.
#pragma once

#include "async/epoll/intrusive_list.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace revecho::async {

/// The part of a promise that does not depend on the result. A coroutine is awaited by one other, or it was spawned:
/// then it destroys its frame at its end, and whoever has spawned it keeps it in a list and destroys it if it does not
/// come to that.
class promise_base : public list_hook {
 public:
  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const auto awaiting = ended.promise().awaiting_;
      if (ended.promise().is_spawned()) ended.destroy();
      return awaiting ? awaiting : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept {
    if (is_spawned()) std::terminate(); // nobody would see it
    failure_ = std::current_exception();
  }
  void set_awaiting(std::coroutine_handle<> coroutine) noexcept { awaiting_ = coroutine; }
  void set_spawned() noexcept { awaiting_ = nobody; }
  bool is_spawned() const noexcept { return awaiting_ == nobody; }

 protected:
  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  static inline const std::coroutine_handle<> nobody = std::noop_coroutine();

  std::coroutine_handle<> awaiting_; // goes on when this one has ended; nobody if it was spawned
  std::exception_ptr failure_;
};

template <class T>
class promise;

/// A coroutine that runs once it is awaited, and then gives its result, or throws, to the one that awaits it.
///
/// Unlike asio::awaitable it takes no frame for an operation: reading or writing is an object in the frame of the
/// coroutine that awaits it.
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
  // Not by symmetric transfer, as at the end: the coroutine runs in here until it first waits. One that does not wait
  // at all never needs to know who awaits it, and a loop of such calls does not grow the stack even where the compiler
  // makes no tail calls.
  bool await_suspend(std::coroutine_handle<> awaiting) {
    coroutine_.resume();
    if (coroutine_.done()) return false;
    coroutine_.promise().set_awaiting(awaiting);
    return true;
  }
  T await_resume() { return coroutine_.promise().take(); }

  /// Releases ownership of the coroutine.
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

/// A place where one coroutine waits, by `co_await`, until resume().
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

} // namespace revecho::async
