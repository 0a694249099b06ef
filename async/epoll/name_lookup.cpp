#include "async/epoll/name_lookup.hpp"

#include "async/epoll/timer.hpp"
#include "shared/process/thread.hpp"

#include <memory>
#include <mutex>

namespace revecho::async {
namespace {

// Shared by the coroutine that waits and the thread, either of which may end first.
struct lookup {
  std::mutex mutex; // for owner
  context* owner;   // null once nobody waits any more
  timer* waiting;   // belongs to the owner's thread
  bool done = false;
  std::error_code error;
  std::vector<socket_address> found;
};

// Leaves the look-up to its thread, even if the coroutine is destroyed.
class abandoning {
 public:
  explicit abandoning(lookup& of) noexcept : of_(of) {}
  abandoning(const abandoning&) = delete;
  abandoning& operator=(const abandoning&) = delete;
  ~abandoning() {
    const std::lock_guard lock(of_.mutex);
    of_.owner = nullptr;
    of_.waiting = nullptr;
  }

 private:
  lookup& of_;
};

void look_up_in_thread(const std::shared_ptr<lookup>& shared, const endpoint& to) {
  std::error_code error;
  auto found = resolve(to, error);
  const std::lock_guard lock(shared->mutex);
  if (shared->owner == nullptr) return;
  shared->error = error;
  shared->found = std::move(found);
  shared->owner->post([shared] {
    shared->done = true;
    if (shared->waiting != nullptr) shared->waiting->cancel();
  });
}

timer::clock::time_point precise(time_point deadline) {
  if (deadline == never) return timer::clock::time_point::max();
  return timer::clock::time_point(deadline.time_since_epoch());
}

} // namespace

awaitable<std::vector<socket_address>> look_up(
    context& owner, const endpoint& to, time_point deadline, std::error_code& error) {
  error.clear();
  if (const auto address = socket_address::parse(to.host, to.port)) co_return std::vector{*address};
  timer waiting(owner);
  const auto shared = std::make_shared<lookup>();
  shared->owner = &owner;
  shared->waiting = &waiting;
  const abandoning at_the_end(*shared);
  start_detached_thread([shared, to] { look_up_in_thread(shared, to); });
  co_await waiting.until(precise(deadline));
  if (!shared->done) error = std::make_error_code(std::errc::timed_out);
  if (shared->done) error = shared->error;
  co_return error ? std::vector<socket_address>{} : std::move(shared->found);
}

} // namespace revecho::async
