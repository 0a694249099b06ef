#include "sync/runtime.hpp"

#include "shared/net/error.hpp"
#include "shared/net/listening.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <system_error>

namespace revecho::sync {

runtime::runtime(const server_options& options)
    : context_(shortest_timeout(options)),
      model_(options.model),
      worker_count_(options.model == server_model::pool ? options.threads : 1) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(last_error(), "cannot make a pipe");
  sockets_.stop_reader = unique_descriptor(ends[0]);
  sockets_.stop_writer = unique_descriptor(ends[1]);
}

runtime::~runtime() {
  stop();
  abort();
  for (auto& worker : workers_)
    worker.join();
}

std::vector<std::vector<endpoint>> runtime::listen(const server_options& options) {
  std::vector<std::vector<endpoint>> bound;
  for (const endpoint& wanted : options.listen) {
    bound.emplace_back();
    for (auto& at : listen_on(wanted, 1, options)) {
      bound.back().push_back(at.where);
      files_.push_back(std::move(at.file));
      sockets_.descriptors.push_back(std::move(at.sockets.front()));
      sockets_.left += options.backlog + 1; // the kernel queues one connection more than the backlog
    }
  }
  return bound;
}

void runtime::start(const std::function<void(listener&)>& accept_loop, const std::function<void()>& on_finished) {
  context_.start();
  running_ = accepting_ = worker_count_;
  for (std::size_t i = 0; i < worker_count_; ++i) {
    workers_.push_back(start_thread([this, accept_loop, on_finished] {
      listener from(context_, sockets_, model_);
      accept_loop(from);
      if (--accepting_ == 0) sockets_.descriptors.clear();
      context_.join_threads();
      if (--running_ == 0) on_finished();
    }));
  }
}

std::size_t runtime::descriptors() const noexcept {
  constexpr std::size_t ends_of_the_pipe = 2;
  return sockets_.descriptors.size() + ends_of_the_pipe;
}

void runtime::stop() {
  files_.clear(); // from here on another server may have the paths
  context_.stop();
  const char wake = 0;
  [[maybe_unused]] const auto written = ::write(sockets_.stop_writer.get(), &wake, 1); // a full pipe wakes as well
}

} // namespace revecho::sync
