// One thread of the load: an event loop, its share of the clients, their schedule, and their part of the result.
// Used by its own thread only, except begin() and interrupt().
#pragma once

#include "async/epoll/context.hpp"
#include "async/epoll/gate.hpp"
#include "async/epoll/timer.hpp"
#include "tools/stress/client.hpp"
#include "tools/stress/recorder.hpp"
#include "tools/stress/results.hpp"
#include "tools/stress/target.hpp"
#include "tools/stress/workload.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace revecho::stress {

/// Messages of the workers of a level to each other, and to the thread that runs them. The functions are called in the
/// workers' threads.
struct worker_hooks {
  std::function<void()> on_connected;           ///< no client of this worker is still connecting for the first time
  std::function<void(const second&)> on_second; ///< the last second of this worker; empty: nobody wants to know
};

class worker {
 public:
  /// Has the clients first, first + step, … of `all`.
  worker(const workload& work, const targets& to, std::uint64_t seed, std::uint64_t first, std::uint64_t step,
      std::uint64_t all, worker_hooks hooks);

  /// Runs all clients in this thread; returns when the level is over.
  void run();

  /// All clients of all workers are connected: they may send. Any thread; needed only without a ramp.
  void begin(steady::time_point at);

  /// Ends everything early. Any thread.
  void interrupt();

  /// One for each target, complete once run() has returned. The first has the worker's own figures, too (run delay).
  std::vector<recorder>& results() noexcept { return results_; }
  const level_times& times() const noexcept { return results_.front().times(); }
  steady::time_point last_reply() const noexcept;

  // --- for its clients ---

  const workload& work() const noexcept { return work_; }
  async::context& io() noexcept { return io_; }
  std::uint64_t seed() const noexcept { return seed_; }
  std::uint64_t all_clients() const noexcept { return all_; }
  std::size_t target_count() const noexcept { return results_.size(); }
  bool is_interrupted() const noexcept { return interrupted_; }
  /// Is it over for all clients, whatever they are still waiting for?
  bool is_cut_off() const noexcept { return interrupted_ || cut_off_; }
  std::string& scratch() noexcept { return scratch_; } ///< for frames, until the next use
  /// Of one read in eight, by chance: to ask for all of them took 6 % of the messages a second at 50 connections. Net
  /// responses need all.
  bool wants_stamp() noexcept {
    draw_ = 6364136223846793005U * draw_ + 1442695040888963407U; // Knuth's MMIX
    return (work_.nets || draw_ >> 61U == 0) && work_.asks_for_arrivals();
  }
  /// Where the connection with that number comes from: all addresses in turn, then the next port.
  std::optional<socket_address> source_for(std::uint64_t turn) const;

  void first_connect_ended();
  /// Without a ramp nobody sends before all are connected (or could not be), so that a level offers what it says.
  auto wait_for_begin() noexcept { return begin_.opened(); }

  /// Ends early when the level is interrupted.
  async::awaitable<void> pause(std::chrono::nanoseconds duration);

  /// Calls who.wake() at that time, once.
  void wake_at(client& who, steady::time_point when);

 private:
  using entry = std::pair<steady::time_point, client*>;

  async::awaitable<void> run_all();
  async::awaitable<void> run_client(client* who);
  async::awaitable<void> run_schedule();
  async::awaitable<void> report_seconds();
  async::awaitable<void> watch_itself();
  async::awaitable<void> cut_off();

  const workload& work_;
  std::uint64_t seed_;
  std::uint64_t all_;
  worker_hooks hooks_;
  std::vector<recorder> results_; // one for each target
  async::context io_;
  std::vector<std::unique_ptr<client>> clients_;
  std::priority_queue<entry, std::vector<entry>, std::greater<>> schedule_;
  std::set<async::timer*> pauses_; // under way
  async::timer wake_up_;           // for the first of schedule_
  async::gate begin_;              // opened by begin()
  async::suspension room_;         // resumed when a connection attempt has ended
  async::timer tick_;              // of report_seconds()
  async::timer pulse_;             // of watch_itself()
  async::timer end_;               // of cut_off()
  std::size_t connecting_ = 0;
  std::size_t not_connected_yet_; // clients whose first attempt has not ended
  std::uint64_t draw_ = 0;
  bool over_ = false;
  bool cut_off_ = false;
  std::atomic<bool> interrupted_ = false;
  std::string scratch_;
};

} // namespace revecho::stress
