// Connecting to whichever of several addresses answers first, with blocking calls. Knows no names.
#pragma once

#include "shared/net/address.hpp"
#include "shared/net/descriptor.hpp"
#include "shared/process/clock.hpp"

#include <atomic>
#include <span>
#include <system_error>

namespace revecho {

/// A non-blocking socket that is connected, and to where.
struct connection {
  unique_descriptor socket;
  socket_address to;
};

/// Tries the addresses in their order (RFC 8305, 5): each attempt begins limits::connection_attempt_delay after the one
/// before it, or as soon as that has failed, and all go on beside each other until the first one stands. Without any,
/// the socket is empty, and `error` is that of the last one to fail, std::errc::timed_out at the deadline, or
/// operation_canceled soon after `stop` has become true.
connection connect_to_first(std::span<const socket_address> to, time_point deadline, std::error_code& error,
    const std::atomic<bool>* stop = nullptr);

} // namespace revecho
