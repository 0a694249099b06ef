// A gate that coroutines wait at until it is opened, once for all. One thread.
#pragma once

#include "async/epoll/intrusive_list.hpp"

#include <coroutine>

namespace revecho::async {

class gate {
 public:
  bool is_open() const noexcept { return open_; }

  /// Resumes all that wait, one after the other; from now on nobody waits. They must not destroy the gate.
  void open() {
    open_ = true;
    while (!waiting_.empty()) {
      waiter& first = waiting_.front();
      first.unlink();
      first.coroutine.resume();
    }
  }

  class waiter : public list_hook {
   public:
    explicit waiter(gate& at) noexcept : at_(at) {}
    bool await_ready() const noexcept { return at_.open_; }
    void await_suspend(std::coroutine_handle<> suspended) noexcept {
      coroutine = suspended;
      at_.waiting_.push_back(*this);
    }
    void await_resume() const noexcept {}
    std::coroutine_handle<> coroutine;

   private:
    gate& at_;
  };

  /// `co_await a_gate.opened();`
  waiter opened() noexcept { return waiter(*this); }

 private:
  intrusive_list<waiter> waiting_;
  bool open_ = false;
};

} // namespace revecho::async
