// The server: takes connections, up to its limit, hands each to a session, and stops in an orderly way. Knows limits,
// statistics and signals to stop; does not know the protocol.
#pragma once

#include "sync/io.hpp"
#include "sync/runtime.hpp"
#include "sync/session.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/options/server_options.hpp"
#include "shared/process/log.hpp"
#include "shared/process/statistics.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <vector>

namespace revecho::sync {

class server {
 public:
  /// Listens: from here on clients can connect, and wait. Throws std::system_error naming the endpoint.
  explicit server(server_options);

  /// Serves until stop(); returns the exit code of the program. Throws std::system_error if the port file cannot be
  /// written.
  int run();

  /// The first call: accept no more, answer what has arrived, finish messages and replies that have begun, and return
  /// from run() when all is done or the drain time-out is over. The second: return at once. Any thread.
  void stop();

  statistics_snapshot counts() const noexcept { return counts_.snapshot(); }

 private:
  friend class admission;
  using clock = std::chrono::steady_clock;

  void accept_connections(listener& from);
  void admit(stream peer, listener& to);
  void connection_ended() noexcept;
  std::size_t possible_connections() const noexcept;
  void report_accept_failure(std::error_code error);
  bool serve_until_stopped();
  void report_statistics(statistics_snapshot& before, clock::duration since) const;

  std::size_t descriptor_limit_; // raised before anything needs many
  server_options options_;
  logger log_;
  statistics counts_;
  service service_{options_, log_, counts_};
  std::atomic<std::size_t> open_ = 0;     // connections
  std::atomic<std::uint64_t> number_ = 0; // of the next connection
  std::uint64_t seed_;

  std::mutex mutex_; // for all that follows
  std::condition_variable changed_;
  int stops_ = 0;
  bool finished_ = false; // nothing runs any more
  clock::time_point accept_failure_reported_{};

  runtime runtime_;                              // destroyed first: what still runs or is suspended in it uses the rest
  std::vector<std::vector<endpoint>> endpoints_; // of each --listen, with the real port
};

} // namespace revecho::sync
