// Name resolution that need not be waited for. getaddrinfo(3) blocks for as long as the name servers let it, and
// nothing ends it early, so a thread of its own makes the call and can be left behind. Knows no event loop.
#pragma once

#include "shared/net/address.hpp"
#include "shared/options/endpoint.hpp"
#include "shared/process/clock.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <system_error>
#include <vector>

namespace revecho {

class name_lookup {
 public:
  /// Starts it. `on_end` is called in the other thread once it has ended; it must not throw and must not use this
  /// object. For an address, which needs no look-up, it has ended at once, and nothing is called. Throws
  /// std::system_error if there is no thread to be had.
  explicit name_lookup(const endpoint& to, std::function<void()> on_end = {});
  /// Abandons it. From here on `on_end` is not called any more.
  ~name_lookup();
  name_lookup(const name_lookup&) = delete;
  name_lookup& operator=(const name_lookup&) = delete;

  /// Ends wait_until(), now and from now on. Any thread.
  void abandon() noexcept;

  /// Waits until it has ended, but not beyond the deadline.
  void wait_until(time_point deadline) const;

  bool has_ended() const;

  /// The result of resolve(). `error` is EAI_INPROGRESS in resolver_category() if it has not ended yet.
  std::vector<socket_address> take(std::error_code& error);

  /// How long it took; zero for an address, and as long as it has not ended.
  std::chrono::nanoseconds duration() const;

 private:
  struct state; // shared with the thread, either of which may end first
  std::shared_ptr<state> state_;
};

} // namespace revecho
