// One thread of the load: an event loop, its share of the clients, their schedule, and their part of the result.
// Touched by its thread only, but for begin() and interrupt().
#pragma once

#include "async/epoll/context.hpp"
#include "async/epoll/gate.hpp"
#include "async/epoll/timer.hpp"
#include "tools/stress/client.hpp"
#include "tools/stress/result.hpp"
#include "tools/stress/workload.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace revecho::stress {

/// What the workers of a level tell each other, and whoever runs them. The functions are called in the workers'
/// threads.
struct worker_hooks {
  std::function<void()> on_connected;           ///< no client of this worker is still connecting for the first time
  std::function<void(const second&)> on_second; ///< the last second of this worker; empty: nobody wants to know
};

class worker {
 public:
  /// Has the clients first, first + step, … of `all`.
  worker(const workload& work, std::uint64_t seed, std::uint64_t first, std::uint64_t step, std::uint64_t all,
      worker_hooks hooks);

  /// Runs all clients in this thread; returns when the level is over.
  void run();

  /// All clients of all workers are connected: they may send. Any thread; needed only without a ramp.
  void begin(steady::time_point at);

  /// Ends everything early. Any thread.
  void interrupt();

  /// Of this worker, once run() has returned. The window is only set where it is known beforehand.
  level_result& result() noexcept { return result_; }
  steady::time_point begun() const noexcept { return begun_; }
  steady::time_point last_reply() const noexcept { return last_reply_; }
  steady::time_point window_begin() const noexcept { return window_begin_; }
  steady::time_point window_end() const noexcept { return window_end_; }

  // --- for its clients ---

  const workload& work() const noexcept { return work_; }
  async::context& io() noexcept { return io_; }
  std::uint64_t seed() const noexcept { return seed_; }
  std::uint64_t all_clients() const noexcept { return all_; }
  bool is_interrupted() const noexcept { return interrupted_; }
  /// Is it over for all clients, whatever they are still waiting for?
  bool is_cut_off() const noexcept { return interrupted_ || cut_off_; }
  steady::time_point stop_sending() const noexcept { return stop_sending_; }
  std::string& scratch() noexcept { return scratch_; } ///< for frames, until the next use
  std::optional<socket_address> source_for(std::uint64_t client) const;

  void first_connect_ended();
  /// Without a ramp nobody sends before all are connected (or could not be), so that a level offers what it says.
  auto wait_for_begin() noexcept { return begin_.opened(); }

  /// Calls who.wake() at that time, once.
  void wake_at(client& who, steady::time_point when);

  void count_connected(int change) noexcept;
  void count_owing(int change) noexcept;
  void count_sent(steady::time_point intended) noexcept;
  void count_lag(steady::time_point intended, steady::time_point sent) noexcept;
  void count_error() noexcept { ++current_.errors; }
  void count_lost(steady::time_point intended, steady::time_point sent, bool late) noexcept;
  /// Not waited for any longer, and nobody's fault.
  void count_unfinished(steady::time_point intended, steady::time_point sent) noexcept;
  void count_missed(steady::time_point intended, steady::time_point now) noexcept;
  /// A right reply; `waiting_since`: when this connection had its last one, or sent the message if that was later.
  /// Returns whether it came within the window.
  bool count_reply(steady::time_point intended, steady::time_point sent, steady::time_point waiting_since,
      steady::time_point now, std::size_t pieces);
  void add_example(const std::string& text);
  void add_outage(steady::time_point from, steady::time_point to, std::uint64_t connections, std::uint64_t lost);

 private:
  using entry = std::pair<steady::time_point, client*>;

  async::awaitable<void> run_all();
  async::awaitable<void> run_client(client* who);
  async::awaitable<void> run_schedule();
  async::awaitable<void> report_seconds();
  async::awaitable<void> cut_off();
  void record_censored(
      steady::time_point intended, steady::time_point sent, std::chrono::nanoseconds at_least) noexcept;
  void set_times(steady::time_point begin);
  bool is_in_window(steady::time_point t) const noexcept { return t >= window_begin_ && t < window_end_; }

  const workload& work_;
  std::uint64_t seed_;
  std::uint64_t all_;
  worker_hooks hooks_;
  level_result result_;
  second current_;
  async::context io_;
  std::vector<std::unique_ptr<client>> clients_;
  std::priority_queue<entry, std::vector<entry>, std::greater<>> schedule_;
  async::timer wake_up_;   // for the first of schedule_
  async::gate begin_;      // opened by begin()
  async::suspension room_; // resumed when a connection attempt has ended
  async::timer tick_;      // of report_seconds()
  async::timer end_;       // of cut_off()
  std::size_t connecting_ = 0;
  std::size_t not_connected_yet_; // clients whose first attempt has not ended
  std::size_t connected_ = 0;
  std::size_t owing_ = 0; // clients with a message under way
  bool over_ = false;
  bool cut_off_ = false;
  std::atomic<bool> interrupted_ = false;
  std::string scratch_;
  steady::time_point begun_ = steady::time_point::max();
  steady::time_point window_begin_ = steady::time_point::max();
  steady::time_point window_end_ = steady::time_point::max();
  steady::time_point stop_sending_ = steady::time_point::max();
  steady::time_point last_reply_{};
  steady::time_point owing_since_{};
};

} // namespace revecho::stress
