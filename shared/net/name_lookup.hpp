// Asynchronous name resolution. getaddrinfo(3) blocks as long as the name servers let it and cannot be canceled, so a
// dedicated thread calls it and can be abandoned. Knows no event loop.
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
  /// Starts the look-up. Calls `on_end` from the other thread once it has ended; `on_end` must not throw or use this
  /// object. A numeric address needs no look-up: it has ended at once, without a call. Throws std::system_error if no
  /// thread can be started.
  explicit name_lookup(const endpoint& to, std::function<void()> on_end = {});
  /// Abandons it. From here on `on_end` is not called any more.
  ~name_lookup();
  name_lookup(const name_lookup&) = delete;
  name_lookup& operator=(const name_lookup&) = delete;

  /// Makes every current and later wait_until() return at once. Any thread.
  void abandon() noexcept;

  /// Waits until it has ended, but not beyond the deadline.
  void wait_until(time_point deadline) const;

  bool has_ended() const;

  /// The result of resolve(). `error` is EAI_INPROGRESS in resolver_category() if it has not ended yet.
  std::vector<socket_address> take(std::error_code& error);

  /// Duration of the look-up; zero for an address, and until it has ended.
  std::chrono::nanoseconds duration() const;

 private:
  struct state; // shared with the thread, either of which may end first
  std::shared_ptr<state> state_;
};

} // namespace revecho
