// Parses the log that a server of ours writes with --log-format json.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace revecho::compare {

/// How connections were accepted; nothing where it is not known.
struct accept_figures {
  std::optional<double> wait_p50_us;
  std::optional<double> wait_p99_us;
  std::optional<double> wait_max_us;
  std::optional<double> busiest_thread; ///< its share of them; 1/N if N event loops had as many each
};

/// Reads them from the statistics at the end of the log.
accept_figures accepts_in(std::string_view log);

/// The log as text for people: warnings and errors, and unchanged all lines that are no JSON.
std::string readable(std::string_view log);

} // namespace revecho::compare
