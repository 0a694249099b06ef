#include "tools/compare/server_log.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace revecho::compare {
namespace {

// Calls use(line, its JSON) for each line; what is no JSON is discarded().
template <class Use>
void for_each_line(std::string_view log, Use use) {
  while (!log.empty()) {
    const auto line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    use(line, nlohmann::json::parse(line, nullptr, false));
  }
}

} // namespace

accept_figures accepts_in(std::string_view log) {
  accept_figures found;
  for_each_line(log, [&](std::string_view, const nlohmann::json& fields) {
    if (!fields.is_object() || !fields.contains("accepted")) return;
    const auto take = [&](const char* name, double unit) {
      const auto field = fields.find(name);
      const bool known = field != fields.end() && field->is_number();
      return known ? std::optional(unit * field->get<double>()) : std::nullopt;
    };
    found = {take("accept_wait_p50_ms", 1000), take("accept_wait_p99_ms", 1000), take("accept_wait_max_ms", 1000), {}};
    if (const auto accepted = take("accepted", 1); accepted > 0)
      found.busiest_thread = take("accepted_by_busiest_thread", 1 / *accepted);
  });
  return found;
}

std::string readable(std::string_view log) {
  std::string text;
  for_each_line(log, [&](std::string_view line, const nlohmann::json& fields) {
    if (!fields.is_object()) {
      text += fmt::format("{}\n", line);
      return;
    }
    const auto level = fields.value("level", "");
    if (level != "info") text += fmt::format("{}: {}\n", level, fields.value("message", ""));
  });
  if (!text.empty()) text.pop_back();
  return text;
}

} // namespace revecho::compare
