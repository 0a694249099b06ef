// The running server: worker threads that accept, one or `--threads`, and the threads of their connections.
#pragma once

#include "sync/io.hpp"
#include "shared/net/socket_file.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/options/server_options.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace revecho::sync {

class runtime {
 public:
  explicit runtime(const server_options&);
  ~runtime();

  /// Listens everywhere; returns where, with the real ports. Throws std::system_error naming the endpoint.
  std::vector<std::vector<endpoint>> listen(const server_options&);

  /// Runs accept_loop in every worker. `on_finished` is called, in some thread, when stop() has let all of it end.
  void start(const std::function<void(listener&)>& accept_loop, const std::function<void()>& on_finished);

  /// How many it holds, listening, without any connection.
  std::size_t descriptors() const noexcept;

  void stop();
  void abort() { context_.abort(); }

 private:
  context context_;
  listening_sockets sockets_;
  std::vector<socket_file> files_; // of UNIX sockets; removed by stop(), or at the end
  server_model model_;
  std::vector<std::thread> workers_;
  std::size_t worker_count_;
  std::atomic<std::size_t> running_ = 0;   // workers that have not ended
  std::atomic<std::size_t> accepting_ = 0; // workers that still accept
};

} // namespace revecho::sync
