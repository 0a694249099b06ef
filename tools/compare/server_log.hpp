// What a server of ours writes with --log-format json, as it is read here.
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

/// From the statistics with which the log ends.
accept_wait_figures accept_waits_in(std::string_view log);

/// For people: warnings and errors as text logs have them, and whatever is no line of a log as it stands.
std::string readable(std::string_view log);

} // namespace revecho::compare
