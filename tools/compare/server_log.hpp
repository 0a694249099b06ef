// Parses the log that a server of ours writes with --log-format json.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace revecho::compare {

/// How long connections waited to be accepted; nothing where it is not known.
struct accept_wait_figures {
  std::optional<double> p50_us;
  std::optional<double> p99_us;
  std::optional<double> max_us;
};

/// Reads them from the statistics at the end of the log.
accept_wait_figures accept_waits_in(std::string_view log);

/// The log as text for people: warnings and errors, and unchanged all lines that are no JSON.
std::string readable(std::string_view log);

} // namespace revecho::compare
