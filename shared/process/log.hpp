// One line per happening on stderr, as text for people or JSON for machines. Knows no sockets.
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

/// Writes lines. Thread-safe: each line is one write, so lines of threads and processes do not mix. Never throws for
/// what is in a line (bytes that are not UTF-8 are replaced in JSON), and a line that cannot be written is dropped:
/// neither a full disk behind stderr nor a reader that has stopped must stop a server. Lines for which there was no
/// room are counted in the next one.
class logger {
 public:
  logger(log_level least, log_format format) noexcept : least_(least), format_(format) {}

  /// text   `listening on 127.0.0.1:6789`, with `warning: ` or `error: ` before it from that level on
  /// json   `{"time":"2026-01-31T12:00:00.000Z","level":"info","message":"listening on …",` fields… `}`
  /// `fields` say the same in parts; text has only the message.
  void write(log_level, std::string_view message, const log_fields& fields = {}) const;

  /// Would a line of this level be written? For lines that cost something to put together.
  bool writes(log_level level) const noexcept { return level >= least_; }

 private:
  void write_one(log_level, std::string_view message, const log_fields& fields) const;

  log_level least_;
  log_format format_;
};

} // namespace revecho
