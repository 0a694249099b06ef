// A place where one coroutine waits until another, or a handler, resumes it. Knows no sockets.
#pragma once

#include "async/asio/context.hpp"

#include <asio/async_result.hpp>

#include <optional>
#include <utility>

namespace revecho::async {

class suspension {
 public:
  /// For `co_await`. Allocates nothing in noexcept code, unlike a timer's wait.
  awaitable<void> wait() {
    return asio::async_initiate<const asio::use_awaitable_t<executor>, void()>(
        [this](auto resume) { waiting_.emplace(std::move(resume)); }, use_awaitable);
  }

  /// Runs the coroutine, if there is one, until it ends or waits again. It may destroy this object.
  void resume() {
    if (!waiting_) return;
    auto coroutine = std::move(*waiting_);
    waiting_.reset();
    std::move(coroutine)();
  }

 private:
  std::optional<asio::async_result<asio::use_awaitable_t<executor>, void()>::handler_type> waiting_;
};

} // namespace revecho::async
