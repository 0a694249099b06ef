// Counters of a server, and how long its connections waited to be accepted. All functions may be called from any
// thread. Adding to a counter is one uncontended atomic addition. Knows no sockets and no clock.
#pragma once

#include "shared/process/histogram.hpp"
#include "shared/process/log.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace revecho {

/// The counters, in the order in which they are printed.
enum class count {
  accepted, ///< connections taken from the backlog, refused ones included
  served,   ///< of these, the ones that were served and have ended
  probes,   ///< left before they sent a byte, as health checks do; neither served nor refused
  refused,  ///< closed at once: over --max-connections, or no memory or thread for them
  messages, ///< replies handed to the kernel
  bytes_received,
  bytes_sent,
  too_long,               ///< connections ended: message over --max-message
  truncated,              ///< connections ended: half a frame at half-close
  no_proxy_header,        ///< connections ended: --proxy-protocol, and no PROXY header
  bad_proxy_header,       ///< connections ended: a malformed one
  long_proxy_header,      ///< connections ended: one that is too long
  truncated_proxy_header, ///< connections ended: half of one at half-close
  idle_timeouts,
  message_timeouts,
  write_timeouts,
  connection_errors, ///< connections ended by a reset or another error of the system
  accept_failures,   ///< accept() failed: no descriptors or memory
};

inline constexpr std::size_t count_kinds = static_cast<std::size_t>(count::accept_failures) + 1;

/// The name of a counter as JSON has it: "bytes_received".
std::string_view to_string(count) noexcept;

/// Values of all counters at one moment. Each is exact; they are not read at the same instant.
struct statistics_snapshot {
  std::array<std::uint64_t, count_kinds> values{};
  std::uint64_t accepted_by_busiest_thread = 0; // an event loop is a thread; over 64, some count as one

  std::uint64_t operator[](count c) const noexcept { return values[static_cast<std::size_t>(c)]; }
  std::uint64_t open() const noexcept;
};

class statistics {
 public:
  void add(count, std::uint64_t amount = 1) noexcept;
  statistics_snapshot snapshot() const noexcept;

  /// A connection was accepted, and had been complete for so long, if that is known.
  void add_accept_wait(std::optional<std::chrono::nanoseconds>);
  /// All of them.
  histogram accept_waits() const;

 private:
  // Threads are spread over the shards, so that they do not pull one cache line to and fro.
  struct alignas(64) shard {
    std::array<std::atomic<std::uint64_t>, count_kinds> values{};
  };
  std::array<shard, 64> shards_;
  mutable std::mutex mutex_; // for the rest
  histogram accept_waits_;
};

/// "served 12 connections, 340 messages, 21.8 KiB in, 21.8 KiB out", then the counts of what went wrong.
std::string summary(const statistics_snapshot&);

/// Every counter by its name, "open", "accepted_by_busiest_thread", and "accept_wait_p50_ms" and so on where they are
/// known.
log_fields to_fields(const statistics_snapshot&, const histogram& accept_waits = {});

} // namespace revecho
