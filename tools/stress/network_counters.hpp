// TCP counters of the kernel, for the whole network namespace. Knows no load.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>

namespace revecho::stress {

/// Retransmitted segments since the machine started; nothing if the kernel does not tell.
std::optional<std::uint64_t> retransmitted_segments();

/// The same. `snmp`: a /proc/net/snmp.
std::optional<std::uint64_t> retransmitted_segments(std::istream& snmp);

} // namespace revecho::stress
