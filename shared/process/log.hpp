// One line per event on stderr, as text for people or JSON for machines. Knows no sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace revecho {

enum class log_level { debug, info, warning, error };
enum class log_format { text, json };

/// Names and values, in the order in which they are written.
using log_fields = std::vector<std::pair<std::string_view, std::variant<std::string, std::uint64_t>>>;

/// Writes lines. Thread-safe: each line is one write, so lines of threads and processes do not mix. Invalid UTF-8 is
/// replaced in JSON. A line that cannot be written is dropped, because neither a full disk nor a stopped reader may
/// stop a server. The next line reports how many were dropped because the queue was full.
class logger {
 public:
  logger(log_level least, log_format format) noexcept : least_(least), format_(format) {}

  /// text   `listening on 127.0.0.1:6789`, with `warning: ` or `error: ` before it from that level on
  /// json   `{"time":"2026-01-31T12:00:00.000Z","level":"info","message":"listening on …",` fields… `}`
  /// `fields` say the same in parts; text has only the message.
  void write(log_level, std::string_view message, const log_fields& fields = {}) const;

  /// True if a line of this level would be written. Check it before formatting an expensive line.
  bool writes(log_level level) const noexcept { return level >= least_; }

 private:
  void write_one(log_level, std::string_view message, const log_fields& fields) const;

  log_level least_;
  log_format format_;
};

} // namespace revecho
