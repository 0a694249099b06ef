// One line per happening on stderr, as text for people or JSON for machines. Knows no sockets.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace revecho {

enum class log_level { debug, info, warning, error };
enum class log_format { text, json };

/// Names and values.
using text_fields = std::vector<std::pair<std::string_view, std::string>>;

/// Writes lines. Thread-safe: each line is one write, so lines of threads and processes do not mix. Never throws for
/// what is in a line (bytes that are not UTF-8 are replaced in JSON), and a line that cannot be written is dropped: a
/// full disk behind stderr must not stop a server.
class logger {
 public:
  logger(log_level least, log_format format) noexcept : least_(least), format_(format) {}

  /// text   `listening on 127.0.0.1:6789`, with `warning: ` or `error: ` before it from that level on
  /// json   `{"time":"2026-01-31T12:00:00.000Z","level":"info","message":"listening on …",` fields… `}`
  /// `fields` is an object that says the same in parts; text has only the message.
  void write(log_level, std::string_view message, const nlohmann::ordered_json& fields) const;
  void write(log_level, std::string_view message) const;

  /// The same with fields that are text. As text this makes no JSON, which cannot be destroyed where there is no
  /// memory.
  void write(log_level, std::string_view message, const text_fields& fields) const;

  /// Would a line of this level be written? For lines that cost something to put together.
  bool writes(log_level level) const noexcept { return level >= least_; }

 private:
  log_level least_;
  log_format format_;
};

} // namespace revecho
