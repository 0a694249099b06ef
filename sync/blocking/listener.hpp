// All listening sockets of a server, as one of its worker threads sees them.
#pragma once

#include "sync/blocking/context.hpp"
#include "sync/blocking/stream.hpp"
#include "shared/net/descriptor.hpp"
#include "shared/options/server_options.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace revecho::sync {

/// State that the workers of a runtime share.
struct listening_sockets {
  std::vector<unique_descriptor> descriptors;
  unique_descriptor stop_reader; // readable from stop() on, and never read: it wakes every worker
  unique_descriptor stop_writer;
  std::atomic<std::int64_t> left = 0; // connections to be accepted after stop()
};

class listener {
 public:
  listener(context& owner, listening_sockets& sockets, server_model model) noexcept
      : owner_(owner), sockets_(sockets), model_(model) {}

  /// The next connection. `error`: std::errc::operation_canceled after stop() once the backlog is empty, or what it can
  /// hold has been taken; else why accept() failed, and that may pass. A connection that is gone before it is accepted
  /// is no error.
  std::optional<stream> accept(std::error_code& error);

  /// Has stop() come?
  bool stopping() const noexcept { return owner_.stopping(); }

  void sleep_for(std::chrono::nanoseconds duration) { owner_.sleep_for(duration); }

  /// Listens no more. The sockets are the other workers' too: the last one closes them.
  void close() noexcept {}

  /// Starts task(arguments…) in a thread of its own, or in models without one runs it to its end. Throws
  /// std::system_error if there is no thread to be had. The task must not throw.
  template <class Task, class... Arguments>
  void spawn(Task task, Arguments&&... arguments) {
    if (model_ == server_model::threads) {
      owner_.spawn_thread(std::move(task), std::forward<Arguments>(arguments)...);
    } else {
      task(std::forward<Arguments>(arguments)...);
    }
  }

 private:
  std::error_code await_connection();
  void refuse_new_connections() noexcept;

  context& owner_;
  listening_sockets& sockets_;
  server_model model_;
  std::size_t next_ = 0; // of the sockets to be tried, so that none is left behind by a busy one
};

} // namespace revecho::sync
