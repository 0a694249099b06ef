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

/// Tries the addresses in order (RFC 8305, 5). Each attempt begins limits::connection_attempt_delay after the previous
/// one, or once that fails; all run in parallel until the first one connects. If none does, the socket is empty and
/// `error` is the last failure, std::errc::timed_out at the deadline, or operation_canceled soon after `stop` is true.
connection connect_to_first(std::span<const socket_address> to, time_point deadline, std::error_code& error,
    const std::atomic<bool>* stop = nullptr);

} // namespace revecho
