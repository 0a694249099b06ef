#include "sync/blocking/blocking_call.hpp"

#include "sync/blocking/context.hpp"

#include <cassert>

namespace revecho::sync {

blocking_call::blocking_call(blocking_call&& other) noexcept : owner_(other.owner_) { assert(!other.linked_); }

blocking_call::~blocking_call() {
  if (linked_) owner_->unlink(*this);
}

void blocking_call::arm(time_point deadline, on_stop when_stopped) {
  if (!linked_) owner_->link(*this);
  on_stop_.store(when_stopped, std::memory_order_relaxed);
  deadline_.store(deadline.time_since_epoch().count(), std::memory_order_relaxed);
}

std::error_code blocking_call::reason_to_end() const noexcept {
  if (owner_->aborted()) return std::make_error_code(std::errc::operation_canceled);
  const auto deadline = deadline_.load(std::memory_order_relaxed);
  const bool expired = coarse_clock::now().time_since_epoch().count() >= deadline;
  return expired ? std::make_error_code(std::errc::timed_out) : std::error_code{};
}

} // namespace revecho::sync
