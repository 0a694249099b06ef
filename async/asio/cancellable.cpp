#include "async/asio/cancellable.hpp"

namespace revecho::async {

cancellable::~cancellable() {
  if (place_ == not_listed) return;
  auto& all = owner_.cancellables_;
  all[place_] = all.back();
  all[place_]->place_ = place_;
  all.pop_back();
}

void cancellable::begin_wait(time_point deadline, on_stop when_stopped) {
  if (place_ == not_listed) {
    owner_.cancellables_.push_back(this);
    place_ = owner_.cancellables_.size() - 1;
  }
  deadline_ = deadline;
  on_stop_ = when_stopped;
  reason_ = {};
  waiting_ = true;
}

void cancellable::end_wait(std::error_code& error) noexcept {
  waiting_ = false;
  if (error) error = standard(error);
  // After its time has passed it is over even if it has just brought something: a peer that sends without a pause
  // always does.
  if (reason_ == std::errc::timed_out || (reason_ != std::errc{} && error == std::errc::operation_canceled))
    error = std::make_error_code(reason_);
}

void cancellable::cancel_if_over(time_point now, bool stopping) noexcept {
  if (!waiting_ || reason_ != std::errc{}) return;
  if (now >= deadline_) reason_ = std::errc::timed_out;
  if (stopping && on_stop_ == on_stop::end) reason_ = std::errc::operation_canceled;
  if (reason_ != std::errc{}) cancel();
}

} // namespace revecho::async
