#include "shared/process/stderr_queue.hpp"

#include "shared/process/output.hpp"
#include "shared/process/thread.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

namespace revecho {
namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 10ms;
constexpr int longest_wait = 100; // milliseconds

// False if a reader takes nothing for 100 ms. True if there is none any more: then writing fails at once.
bool is_taken() noexcept {
  pollfd stream{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&stream, 1, longest_wait) != 0;
}

} // namespace

struct stderr_queue::state {
  state() {
    waiting.reserve(capacity);
    writing.reserve(capacity);
  }

  void write_all() noexcept;
  bool is_empty() const noexcept { return waiting.empty() && writing.empty(); }

  std::mutex mutex; // for all that follows
  std::condition_variable added;
  std::condition_variable written;
  std::string waiting;
  std::string writing; // the thread reads it without the lock
  std::uint64_t dropped = 0;
  bool leaving = false;

  static std::mutex choosing; // guards current
  static std::shared_ptr<state> current;
  static std::shared_ptr<state> get() noexcept {
    const std::lock_guard lock(choosing);
    return current;
  }
};

std::mutex stderr_queue::state::choosing;
std::shared_ptr<stderr_queue::state> stderr_queue::state::current;

// Writes each line with one call, so that lines of several processes do not mix.
void stderr_queue::state::write_all() noexcept {
  std::unique_lock lock(mutex);
  for (;;) {
    added.wait(lock, [&] { return leaving || !waiting.empty(); });
    if (waiting.empty()) return;
    std::swap(waiting, writing);
    lock.unlock();
    for (std::string_view rest = writing; !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n') + 1);
      const auto part = line.empty() ? rest : line;
      write_directly_to_stderr(part);
      rest.remove_prefix(part.size());
    }
    lock.lock();
    writing.clear();
    written.notify_all();
  }
}

stderr_queue::stderr_queue() : state_(std::make_shared<state>()) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before); // signals are for the program's threads
  try {
    start_detached_thread([own = state_] { own->write_all(); });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const std::lock_guard lock(state::choosing);
  state::current = state_;
}

stderr_queue::~stderr_queue() {
  drain();
  {
    const std::lock_guard lock(state::choosing);
    state::current = nullptr;
  }
  const std::lock_guard lock(state_->mutex);
  state_->leaving = true;
  state_->added.notify_all();
}

bool stderr_queue::add(std::string_view text) noexcept {
  const auto queue = state::get();
  if (!queue) return false;
  const std::lock_guard lock(queue->mutex);
  if (queue->waiting.size() + text.size() > capacity) {
    ++queue->dropped;
  } else {
    queue->waiting.append(text);
    queue->added.notify_all();
  }
  return true;
}

std::uint64_t stderr_queue::take_dropped() noexcept {
  const auto queue = state::get();
  if (!queue) return 0;
  const std::lock_guard lock(queue->mutex);
  return queue->waiting.size() < capacity / 2 ? std::exchange(queue->dropped, 0) : 0;
}

void stderr_queue::drain() noexcept {
  const auto queue = state::get();
  if (!queue) return;
  do {
    std::unique_lock lock(queue->mutex);
    if (queue->written.wait_for(lock, look_again, [&] { return queue->is_empty(); })) return;
  } while (is_taken());
}

} // namespace revecho
