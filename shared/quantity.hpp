// Durations, sizes and counts as people write and read them: "250us", "64KiB", "12.3k". Knows no options: a bad text
// throws std::invalid_argument with a message that names it and says what is allowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace revecho {

/// "250us", "10ms", "1.5s", "2m", "1h", "80ns" or a bare "0"; from 0 to limits::max_duration.
std::chrono::nanoseconds parse_duration(std::string_view);

/// "64", "1KiB", "1.5MiB", "1GiB", and "kB", "MB", "GB" for powers of 1000; at most 2^53 bytes.
std::size_t parse_size(std::string_view);

/// A whole number from `least` to `most`.
std::uint64_t parse_count(std::string_view, std::uint64_t least, std::uint64_t most);

/// Three or four digits and a unit: "0", "830 ns", "1.24 ms", "12.3 s", "5m", "1h 30m".
std::string format_duration(std::chrono::nanoseconds);

/// "64 B", "1.5 KiB", "1 MiB".
std::string format_size(double bytes);

/// "999", "12.3k", "1.05M".
std::string format_count(double);

} // namespace revecho
