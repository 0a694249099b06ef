// Formats durations, sizes and counts for people: "1.24 ms", "64 KiB", "12.3k". Knows no output.
#pragma once

#include <chrono>
#include <span>
#include <string>

namespace revecho {

/// Three or four digits and a unit: "0", "830 ns", "1.24 ms", "12.3 s", "5m", "1h 30m".
std::string format_duration(std::chrono::nanoseconds);

/// "64 B", "1.5 KiB", "1 MiB".
std::string format_size(double bytes);

/// "999", "12.3k", "1.05M".
std::string format_count(double);

/// Printable ASCII, whatever the bytes: "Hello\x0a".
std::string escape_bytes(std::span<const char> bytes);

/// UTC: "2026-01-31T12:00:00.000Z".
std::string format_time(std::chrono::system_clock::time_point);

/// UTC: "12:00:00.000".
std::string format_time_of_day(std::chrono::system_clock::time_point);

} // namespace revecho
