#include "tools/stress/events.hpp"

#include "tools/stress/workload.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>
#include <vector>

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

json to_json(const connection_end& e, const level_result& level) {
  return {{"time", exact_time(level.time_of(e.at))}, {"event", "end"}, {"kind", e.kind}, {"client", e.client},
      {"local", to_json(e.path.local)}, {"remote", to_json(e.path.remote)},
      {"message", e.message ? json(*e.message) : json()}, {"what", e.what}, {"messages", e.messages},
      {"sent_bytes", e.sent_bytes}, {"received_bytes", e.received_bytes}, {"lasted_us", microseconds(e.lasted)}};
}

json to_json(const outage& o, const level_result& level) {
  return {{"time", exact_time(level.time_of(level.begun + o.start))}, {"event", "outage"},
      {"kind", o.whole_path ? "whole path" : "some clients"}, {"clients", o.connections}, {"lost", o.lost},
      {"lasted_us", microseconds(o.duration)}};
}

// Where an event is.
struct place {
  enum class list { faults, ends, outages } of{};
  std::size_t at = 0;
  std::chrono::steady_clock::time_point time{};
};

std::vector<place> places_of(const level_result& level, const std::vector<outage>& outages) {
  std::vector<place> all;
  all.reserve(level.faults.kept().size() + level.ends.kept().size() + outages.size());
  for (std::size_t i = 0; i < level.faults.kept().size(); ++i)
    all.push_back({place::list::faults, i, level.faults.kept()[i].at});
  for (std::size_t i = 0; i < level.ends.kept().size(); ++i)
    all.push_back({place::list::ends, i, level.ends.kept()[i].at});
  for (std::size_t i = 0; i < outages.size(); ++i)
    all.push_back({place::list::outages, i, level.begun + outages[i].start});
  std::stable_sort(all.begin(), all.end(), [](const place& a, const place& b) { return a.time < b.time; });
  return all;
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
  for (std::size_t n = 0; n < fault_kinds; ++n) {
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

void write_events(const level_result& level, const std::function<void(std::string_view)>& write) {
  constexpr std::size_t at_once = std::size_t{64} * 1024;
  std::string lines;
  const auto add = [&](const json& line) {
    lines += line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n'; // a path need not be UTF-8
    if (lines.size() < at_once) return;
    write(lines);
    lines.clear();
  };
  const auto all = level.outages();
  const std::vector<outage> outages(
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), most_events)));
  add({{"time", exact_time(level.started)}, {"event", "begin"}, {"clients", level.clients}});
  for (const auto& place : places_of(level, outages)) {
    switch (place.of) {
    case place::list::faults:
      add(to_json(level.faults.kept()[place.at], level));
      break;
    case place::list::ends:
      add(to_json(level.ends.kept()[place.at], level));
      break;
    case place::list::outages:
      add(to_json(outages[place.at], level));
      break;
    }
  }
  const std::uint64_t more = all.size() - outages.size();
  if (level.faults.left_out() + level.ends.left_out() + more > 0)
    add({{"event", "left out"}, {"faults", level.faults.left_out()}, {"ends", level.ends.left_out()},
        {"outages", more}});
  write(lines);
}

} // namespace revecho::stress
