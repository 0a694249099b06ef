// The running server: `--threads` event loops, each in a thread of its own with its own listening sockets.
#pragma once

#include "async/io.hpp"
#include "shared/net/socket_file.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/options/server_options.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace revecho::async {

class runtime {
 public:
  explicit runtime(const server_options&);
  ~runtime();

  /// Listens everywhere; returns where, with the real ports. Throws std::system_error naming the endpoint.
  std::vector<std::vector<endpoint>> listen(const server_options&);

  /// Runs accept_loop on every listener. `on_finished` is called, in some thread, when stop() has let all of it end.
  void start(const std::function<awaitable<void>(listener&)>& accept_loop, const std::function<void()>& on_finished);

  /// How many it holds, listening, without any connection.
  std::size_t descriptors() const noexcept;

  void stop();
  void abort();

 private:
  struct worker {
    explicit worker(std::chrono::nanoseconds shortest_timeout) : loop(shortest_timeout) {}
    context loop;
    std::vector<std::unique_ptr<listener>> listeners; // until start() gives them to their coroutines
    std::thread thread;
  };
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<socket_file> files_; // of UNIX sockets; removed by stop(), or at the end
  std::atomic<std::size_t> running_ = 0;
};

} // namespace revecho::async
