// Hints: a question for each pattern of faults that has a usual cause on the path. Knows no I/O and no clock.
#pragma once

#include "shared/protocol/framing.hpp"
#include "shared/protocol/message_source.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace revecho::stress {

/// What the patterns are recognized by.
struct symptoms {
  std::uint64_t connections = 0;             ///< made
  std::uint64_t turned_away = 0;             ///< of these: ended by the peer, without a byte from it
  std::uint64_t silent = 0;                  ///< of these: no byte came within the time-out
  std::uint64_t half_closed = 0;             ///< of these: by this side
  std::uint64_t failed_after_half_close = 0; ///< of the latter: with any of the next
  std::uint64_t faults_after_half_close = 0; ///< replies and ends of streams, lost or late
  std::uint64_t proxy_headers = 0;           ///< replies that contain one
  std::uint64_t reversed_framings = 0;       ///< replies in which the framing is reversed, too

  void merge(const symptoms& other) noexcept;
};

/// Is there a PROXY header in it (version 1 or 2), as it is or read backwards?
bool has_proxy_header(std::span<const char> reply);

/// Is it the message with its framing, read backwards as a whole? `reply`: what the framing takes for a reply.
bool reverses_framing(framing, const message_source& message, std::span<const char> reply);

/// A sentence each, only if the pattern fits all that happened. `verified`: right replies; `missing`: lost and late
/// ones.
std::vector<std::string> hints_of(const symptoms&, std::uint64_t verified, std::uint64_t missing, framing used);

} // namespace revecho::stress
