// A blocking system call that a deadline, stop() or abort() can end.
//
// The context's watch thread looks at all deadlines once a tick, and sends SIGURG to a thread that has waited too long,
// whose call then returns EINTR. (SIGURG, because nothing else uses it, and by default it is ignored. Shutting the
// socket down would also wake the thread, but lose what still arrives.) A signal that comes just before the call is
// lost, so it is sent again every tick until the wait is over.
#pragma once

#include "shared/process/clock.hpp"

#include <pthread.h>

#include <atomic>
#include <system_error>

namespace revecho::sync {

class context;

/// Effect of context::stop() on a wait under way.
enum class on_stop {
  end,  ///< ends it, with std::errc::operation_canceled, once nothing more is there to be read
  wait, ///< nothing: what has begun may be finished
};

/// Base of what blocks. Setting a deadline is two stores, and no timer is started. One thread waits, the watch thread
/// looks.
class blocking_call {
 public:
  explicit blocking_call(context& owner) noexcept : owner_(&owner) {}
  blocking_call(blocking_call&&) noexcept;
  blocking_call& operator=(blocking_call&&) = delete;

  context& owner() const noexcept { return *owner_; }

 protected:
  ~blocking_call();
  /// From here to disarm() this thread may be interrupted. From the first call on, the object must not move, and
  /// belongs to this thread.
  void arm(time_point deadline, on_stop);
  void disarm() noexcept { deadline_.store(not_armed, std::memory_order_relaxed); }
  /// Why the wait is over, or no error if it is not: asked before each call, and after one that was interrupted.
  std::error_code reason_to_end() const noexcept;

 private:
  friend class context;
  static constexpr coarse_clock::rep not_armed = -1;

  context* owner_;
  blocking_call* previous_ = nullptr; // in the context's list, under its mutex
  blocking_call* next_ = nullptr;
  bool linked_ = false;
  pthread_t thread_{};
  std::atomic<coarse_clock::rep> deadline_ = not_armed;
  std::atomic<on_stop> on_stop_ = on_stop::wait;
};

} // namespace revecho::sync
