#include "async/runtime.hpp"

#include "shared/net/listening.hpp"
#include "shared/process/thread.hpp"

#include <utility>

namespace revecho::async {
namespace {

// The coroutine's frame owns the listener, so it lives as long as the loop refers to its wait.
awaitable<void> run_on(std::unique_ptr<listener> from, std::function<awaitable<void>(listener&)> accept_loop) {
  co_await accept_loop(*from);
}

} // namespace

runtime::runtime(const server_options& options) {
  for (unsigned i = 0; i < options.threads; ++i)
    workers_.push_back(std::make_unique<worker>(shortest_timeout(options)));
}

runtime::~runtime() {
  abort();
  for (const auto& w : workers_) {
    if (w->thread.joinable()) w->thread.join();
  }
}

std::vector<std::vector<endpoint>> runtime::listen(const server_options& options) {
  std::vector<std::vector<endpoint>> bound;
  for (const endpoint& wanted : options.listen) {
    bound.emplace_back();
    for (auto& at : listen_on(wanted, workers_.size(), options)) {
      bound.back().push_back(at.where);
      files_.push_back(std::move(at.file));
      for (std::size_t i = 0; i < workers_.size(); ++i) {
        auto& w = *workers_[i];
        w.listeners.push_back(std::make_unique<listener>(w.loop, std::move(at.sockets[i]), options.backlog));
      }
    }
  }
  return bound;
}

void runtime::start(
    const std::function<awaitable<void>(listener&)>& accept_loop, const std::function<void()>& on_finished) {
  running_ = workers_.size();
  for (const auto& w : workers_) {
    for (auto& from : w->listeners)
      w->loop.spawn(run_on, std::move(from), accept_loop);
    w->thread = start_thread([this, &loop = w->loop, on_finished] {
      loop.run();
      if (--running_ == 0) on_finished();
    });
  }
}

std::size_t runtime::descriptors() const noexcept {
  std::size_t count = 0;
  for (const auto& w : workers_)
    count += context::descriptors + w->listeners.size();
  return count;
}

void runtime::stop() {
  files_.clear(); // from here on another server may have the paths
  for (const auto& w : workers_)
    w->loop.stop();
}

void runtime::abort() {
  for (const auto& w : workers_)
    w->loop.abort();
}

} // namespace revecho::async
