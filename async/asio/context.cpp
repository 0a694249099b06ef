#include "async/asio/context.hpp"

#include "async/asio/cancellable.hpp"
#include "shared/options/limits.hpp"

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#if ASIO_VERSION >= 103700
#include <asio/config.hpp>
#endif

#include <algorithm>
#include <exception>
#include <new>

namespace revecho::async {
namespace {

// One thread runs the loop. Newer versions of asio spare the read that finds nothing after a read that did not fill its
// buffer.
#if ASIO_VERSION >= 103700
asio::config_from_string settings() {
  return asio::config_from_string("scheduler.concurrency_hint=1\nreactor.reset_edge_on_partial_read=1");
}
#else
constexpr int settings() { return 1; }
#endif

awaitable<void> run_main(context& owner, const std::function<awaitable<void>()>& main, std::exception_ptr& failure) {
  try {
    co_await main();
    failure = nullptr;
  } catch (...) {
    failure = std::current_exception();
  }
  owner.abort();
}

} // namespace

context::context(std::chrono::nanoseconds shortest_timeout) try
    : tick_(limits::tick_for(shortest_timeout)), loop_(settings()), ticker_(loop_) {
} catch (const std::system_error& error) {
  throw std::system_error(standard(error.code()), "cannot make an event loop");
}

void context::run(const std::function<awaitable<void>()>& main) {
  auto failure = std::make_exception_ptr(std::bad_alloc()); // why main() has not even begun
  spawn([&] { return run_main(*this, main, failure); });
  run();
  if (failure) std::rethrow_exception(failure);
}

void context::start(awaitable<void> task) {
  auto ended = [running = running_task(*this)](std::exception_ptr failure) {
    if (failure) std::terminate();
  };
  if (get_executor().running_in_this_thread()) return asio::co_spawn(loop_, std::move(task), std::move(ended));
  // Called from elsewhere, co_spawn() would allocate where nothing may be thrown.
  asio::post(loop_, [this, begun = std::move(task), ended = std::move(ended)]() mutable {
    asio::co_spawn(loop_, std::move(begun), std::move(ended));
  });
}

// std::bad_alloc aborts only the handler that throws it; the loop goes on.
void context::run() {
  while (tasks_ > 0 && !loop_.stopped()) {
    try {
      if (!tick_awaited_) await_tick();
      loop_.run();
    } catch (const std::bad_alloc&) {
    }
  }
}

void context::stop() {
  asio::post(loop_, [this] {
    stopping_ = true;
    tick();
    await_tick(); // from now on more often
  });
}

void context::tick() {
  const auto now = coarse_clock::now();
  for (cancellable* each : cancellables_)
    each->cancel_if_over(now, stopping_);
}

void context::await_tick() {
  tick_awaited_ = false;
  ticker_.expires_after(stopping_ ? std::min(tick_, limits::stopping_tick) : tick_);
  ticker_.async_wait([this](std::error_code canceled) {
    if (canceled) return; // another wait has taken its place
    tick();
    await_tick();
  });
  tick_awaited_ = true;
}

awaitable<void> context::sleep_for(std::chrono::nanoseconds duration) {
  timer sleeper(loop_, duration);
  std::error_code ignored;
  co_await sleeper.async_wait(asio::redirect_error(use_awaitable, ignored));
}

} // namespace revecho::async
