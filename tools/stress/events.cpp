#include "tools/stress/events.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace revecho::stress {
namespace {

using json = nlohmann::ordered_json;

json to_json(const std::optional<socket_address>& address) {
  return address ? json(to_string(address->to_endpoint())) : json();
}

json to_json(const incident& i, const level_result& level) {
  json one{{"time", exact_time(level.time_of(i.at))}, {"event", figure_of(i.kind)}, {"kind", to_string(i.kind)},
      {"client", i.client}, {"local", to_json(i.path.local)}, {"remote", to_json(i.path.remote)},
      {"message", i.message ? json(*i.message) : json()}, {"what", i.what}};
  if (i.expected_bytes + i.received_bytes > 0) {
    one["expected_bytes"] = i.expected_bytes;
    one["received_bytes"] = i.received_bytes;
  }
  if (!i.expected.empty()) one["expected"] = i.expected;
  if (!i.received.empty()) one["received"] = i.received;
  if (i.answers) one["answers"] = {{"client", i.answers->connection}, {"message", i.answers->sequence}};
  return one;
}

} // namespace

std::string exact_time(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time))),
      since % 1'000'000);
}

std::string text_of(const incident& i, const level_result& level) {
  auto text = exact_time(level.time_of(i.at));
  if (i.path.local && i.path.remote)
    text += fmt::format(" {} to {}", to_string(i.path.local->to_endpoint()), to_string(i.path.remote->to_endpoint()));
  return text + ": " + words_of(i);
}

json faults_json(const level_result& level) {
  json all = json::array();
  for (std::size_t n = 0; n < all_fault_kinds; ++n) {
    const auto kind = static_cast<fault>(n);
    if (level.faults.count_of(kind) == 0) continue;
    json examples = json::array();
    for (const auto* each : level.faults.examples(kind))
      examples.push_back(to_json(*each, level));
    all.push_back({{"event", figure_of(kind)}, {"kind", to_string(kind)}, {"count", level.faults.count_of(kind)},
        {"examples", examples}});
  }
  return all;
}

} // namespace revecho::stress
