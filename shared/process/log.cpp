#include "shared/process/log.hpp"

#include "shared/process/format.hpp"
#include "shared/process/output.hpp"
#include "shared/process/stderr_queue.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>

namespace revecho {
namespace {

std::string_view to_string(log_level level) {
  switch (level) {
  case log_level::debug:
    return "debug";
  case log_level::info:
    return "info";
  case log_level::warning:
    return "warning";
  case log_level::error:
    return "error";
  }
  return "?";
}

std::string as_text(log_level level, std::string_view message) {
  return level >= log_level::warning ? fmt::format("{}: {}", to_string(level), message) : std::string(message);
}

void write_line(std::string line) { write_to_stderr(line += '\n'); }

} // namespace

void logger::write(log_level level, std::string_view message, const log_fields& fields) const {
  if (!writes(level)) return;
  if (const auto dropped = stderr_queue::take_dropped())
    write_one(log_level::warning, fmt::format("log: {} lines dropped", dropped), log_fields{{"dropped", dropped}});
  write_one(level, message, fields);
}

// Text format must not build JSON: destroying a JSON object allocates, which fails when memory is exhausted.
void logger::write_one(log_level level, std::string_view message, const log_fields& fields) const {
  if (format_ == log_format::text) {
    write_line(as_text(level, message));
    return;
  }
  nlohmann::ordered_json line{
      {"time", format_time(std::chrono::system_clock::now())}, {"level", to_string(level)}, {"message", message}};
  for (const auto& [name, value] : fields)
    std::visit([&, key = std::string(name)](const auto& v) { line[key] = v; }, value);
  write_line(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

} // namespace revecho
