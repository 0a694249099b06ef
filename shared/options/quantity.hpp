// Parses durations, sizes and counts as people write them: "250us", "64KiB", "12". Knows no options: a bad text throws
// std::invalid_argument with a message that names it and says what is allowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace revecho {

/// "250us", "10ms", "1.5s", "2m", "1h", "80ns" or a bare "0"; from 0 to limits::max_duration.
std::chrono::nanoseconds parse_duration(std::string_view);

/// "64", "1KiB", "1.5MiB", "1GiB", and "kB", "MB", "GB" for powers of 1000; at most 2^53 bytes.
std::size_t parse_size(std::string_view);

/// A whole number from `least` to `most`.
std::uint64_t parse_count(std::string_view, std::uint64_t least, std::uint64_t most);

} // namespace revecho
