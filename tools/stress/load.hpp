// The load engine: many verified clients against one target or several, and what came of it. A library: revecho-stress
// prints its results, revecho-compare sets them side by side.
#pragma once

#include "tools/stress/results.hpp"
#include "tools/stress/target.hpp"
#include "tools/stress/worker.hpp"
#include "tools/stress/workload.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace revecho::stress {

/// Resources that this machine or process lacks for so many clients, and how to get them, as a sentence; empty if none.
/// Raises the soft descriptor limit.
std::string what_is_missing(const workload&, std::size_t clients);

/// Runs levels, one after the other. Not thread-safe, except interrupt().
class load {
 public:
  explicit load(workload work) : work_(std::move(work)) {}

  /// The work of the next levels.
  workload& work() noexcept { return work_; }

  /// The first target's addresses: names are resolved now, if that has not been done. Empty after interrupt(). Throws
  /// std::runtime_error if there is none.
  std::vector<socket_address> resolve() { return *resolved_targets().front()->addresses(); }

  using observer = std::function<void(const second&)>;

  /// One level: so many clients, in threads of their own. `on_second` is called in one of them after each second.
  /// The first one resolves the name. Throws std::runtime_error if what_is_missing() names something, or the name has
  /// no address.
  level_result run(std::size_t clients, const observer& on_second = {});

  /// Ends the level that runs, and every later one, early. Any thread.
  void interrupt();

  /// Of each target, in the levels so far.
  std::vector<name_resolution> resolutions() const;

 private:
  const targets& resolved_targets();
  void collect(level_result&, const targets&);
  void describe(level_result&, const level_result& all, std::chrono::nanoseconds ran) const;

  workload work_;
  std::mutex mutex_; // for the rest
  targets named_;    // as work_ names them: of the level that runs, or did last
  targets targets_;  // the same, or each of their addresses
  std::vector<std::unique_ptr<worker>> workers_;
  bool interrupted_ = false;
};

} // namespace revecho::stress
