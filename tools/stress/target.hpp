// A target of a load by its addresses. A name is resolved before anything is measured, and again when connections fail,
// so that a change of its addresses is seen. Knows no connections.
#pragma once

#include "shared/net/address.hpp"
#include "shared/net/name_lookup.hpp"
#include "shared/options/endpoint.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <vector>

namespace revecho::stress {

/// Look-ups of the target's name. An address needs none.
struct name_resolution {
  endpoint name;
  std::uint64_t lookups = 0; ///< that have ended
  std::uint64_t failed = 0;  ///< of these
  std::chrono::nanoseconds longest{};
  std::vector<socket_address> addresses; ///< those in use
};

class target {
 public:
  explicit target(endpoint to) : to_(std::move(to)) {}

  const endpoint& name() const noexcept { return to_; }

  /// For the first time, and does nothing later. Waits until that has ended, or for interrupt(). Throws
  /// std::runtime_error if there are no addresses after the time-out (zero: never).
  void resolve(std::chrono::nanoseconds timeout);

  /// Ends resolve(). Any thread.
  void interrupt();

  /// Those found last: not empty after resolve(), except if that was interrupted. Any thread.
  std::shared_ptr<const std::vector<socket_address>> addresses();

  /// Begins to resolve once more, unless that is under way or was begun less than a second ago. Any thread.
  void resolve_again();

  name_resolution figures(); ///< Any thread.

  /// Each address that it has now as a target of its own, which stays what it is. After resolve().
  std::vector<std::shared_ptr<target>> one_for_each_address();

  /// Numbers the connections that take the source ports in turn. Any thread.
  std::uint64_t take_turn() noexcept { return turns_++; }

 private:
  using clock = std::chrono::steady_clock;

  std::error_code take_result();

  endpoint to_;
  std::atomic<std::uint64_t> turns_ = 0;
  std::mutex mutex_; // for all that follows
  bool interrupted_ = false;
  std::optional<name_lookup> lookup_; // the last, until its result has been taken
  clock::time_point begun_{};         // of that
  name_resolution figures_;
  std::shared_ptr<const std::vector<socket_address>> addresses_ = std::make_shared<std::vector<socket_address>>();
};

/// Client number i has the target i modulo their number.
using targets = std::vector<std::shared_ptr<target>>;

} // namespace revecho::stress
