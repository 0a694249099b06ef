// Single faults as people and programs read them: with the time by the wall clock, so that they can be laid beside a
// proxy's log or a capture.
#pragma once

#include "tools/stress/results.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace revecho::stress {

/// As the JSON has times.
inline double microseconds(std::chrono::nanoseconds time) noexcept { return static_cast<double>(time.count()) / 1e3; }

/// UTC, to the microsecond: "2026-01-31T12:00:00.000000Z".
std::string exact_time(std::chrono::system_clock::time_point);

/// "2026-01-31T12:00:00.000000Z 127.0.0.1:40000 to 127.0.0.1:7000: client 3 message 27: lost: …"
std::string text_of(const incident&, const level_result&);

/// The kinds of faults that there were, with their numbers and examples.
nlohmann::ordered_json faults_json(const level_result&);

/// A line of JSON for each fault, outage and end of a connection, in order of time, between one that begins the level
/// and one that says how many were left out. Passes on many lines at once.
void write_events(const level_result&, const std::function<void(std::string_view lines)>& write);

} // namespace revecho::stress
