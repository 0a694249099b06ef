#include "tools/stress/baseline.hpp"

#include "shared/process/format.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace revecho::stress {
namespace {

using json = nlohmann::ordered_json;
using std::chrono::nanoseconds;

constexpr std::size_t fewest_seconds = 5;
constexpr std::array figures{
    baseline_figure::rate, baseline_figure::p50, baseline_figure::p99, baseline_figure::faults};

std::optional<estimate> estimate_of(const std::vector<double>& values) {
  return values.size() < fewest_seconds ? std::nullopt : std::optional(estimate_median(values));
}

// Faults come by chance, as a Poisson process: two deviations to each side.
std::optional<estimate> share_of(double faults, double messages) {
  if (messages <= 0) return std::nullopt;
  const double reach = 2 * std::sqrt(faults);
  return estimate{faults / messages, (faults - reach) / messages, (faults + reach) / messages, 0.95};
}

level_figures figures_of(const std::vector<second_figures>& all, nanoseconds begin, nanoseconds end) {
  std::vector<double> rates;
  std::vector<double> p50;
  std::vector<double> p99;
  nanoseconds last{};
  for (const auto& second : all) {
    const auto from = std::exchange(last, second.time);
    if (from < begin || second.time > end || second.time <= from) continue;
    rates.push_back(static_cast<double>(second.verified) / seconds(second.time - from));
    if (second.p50) p50.push_back(seconds(*second.p50));
    if (second.p99) p99.push_back(seconds(*second.p99));
  }
  level_figures result;
  result.values = {estimate_of(rates), estimate_of(p50), estimate_of(p99), std::nullopt};
  return result;
}

nanoseconds nanoseconds_of(double count, double unit) {
  return nanoseconds{static_cast<std::int64_t>(std::llround(count * unit))};
}

std::vector<second_figures> seconds_of(const json& level) {
  const auto& columns = level.at("seconds");
  const auto microseconds_at = [&](const char* name, std::size_t i) {
    const auto& value = columns.at(name).at(i);
    return value.is_null() ? std::nullopt : std::optional(nanoseconds_of(value.get<double>(), 1e3));
  };
  std::vector<second_figures> all(columns.at("time_s").size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].time = nanoseconds_of(columns.at("time_s").at(i).get<double>(), 1e9);
    all[i].verified = columns.at("verified").at(i).get<std::uint64_t>();
    all[i].p50 = microseconds_at("p50_us", i);
    all[i].p99 = microseconds_at("p99_us", i);
  }
  return all;
}

level_figures figures_of(const json& level, nanoseconds begin, nanoseconds end) {
  auto result = figures_of(seconds_of(level), begin, end);
  const auto& generator = level.at("generator");
  double faults = generator.at("missed_sends").get<double>();
  for (const auto* name : {"lost", "late", "connect_failed", "closed_early"})
    faults += level.at(name).get<double>();
  for (const auto& count : level.at("wrong"))
    faults += count.get<double>();
  const auto& limit = generator.at("limited_by");
  result.held_up = limit == to_string(tool_limit::standstill) || limit == to_string(tool_limit::quota) ||
                   limit == to_string(tool_limit::delay);
  result.values.back() = share_of(faults, level.at("messages").get<double>());
  return result;
}

level_figures figures_of(const level_result& level, nanoseconds begin, nanoseconds end) {
  auto result = figures_of(level.by_second, begin, end);
  const auto faults =
      level.wrong_total() + level.lost + level.late + level.connect_failed + level.closed_early + level.missed_sends;
  result.held_up = level.is_held_up();
  result.values.back() = share_of(static_cast<double>(faults), static_cast<double>(level.messages));
  return result;
}

// A later version may know options that an earlier one did not have: they are off there.
json option_of(const json& config, const std::string& name) {
  const auto found = config.find(name);
  return found == config.end() || *found == false ? json() : *found;
}

// Where the server is makes no other load, nor what is drawn.
void check_same_load(const std::string& name, const json& then, const json& now) {
  constexpr std::array<std::string_view, 2> of_no_matter{"to", "seed"};
  std::vector<std::string> names;
  for (const auto* config : {&then, &now})
    for (const auto& item : config->items())
      if (std::find(names.begin(), names.end(), item.key()) == names.end()) names.push_back(item.key());
  std::vector<std::string> differences;
  for (const auto& each : names) {
    const bool matters = std::find(of_no_matter.begin(), of_no_matter.end(), each) == of_no_matter.end();
    const auto was = option_of(then, each);
    const auto is = option_of(now, each);
    if (matters && was != is) differences.push_back(fmt::format("{} was {}, and is {}", each, was.dump(), is.dump()));
  }
  if (!differences.empty())
    throw std::invalid_argument(fmt::format("{} is of another load: {}", name, fmt::join(differences, "; ")));
}

std::string text_of(baseline_figure f, double value) {
  switch (f) {
  case baseline_figure::rate:
    return format_count(value) + "/s";
  case baseline_figure::faults:
    return fmt::format("{:.3g} %", 100 * value);
  default:
    return format_duration(nanoseconds_of(value, 1e9));
  }
}

std::string reason_of(const baseline& than, const comparison& c) {
  const auto& [figure, then, now, is_known, reason] = c;
  const bool is_worse = figure == baseline_figure::rate ? now->high < then->low * (1 - than.tolerance)
                                                        : now->low > then->high * (1 + than.tolerance);
  if (!is_worse) return {};
  const auto text = [f = figure](const estimate& e) {
    return fmt::format("{} ({} to {})", text_of(f, e.median), text_of(f, std::max(e.low, 0.0)), text_of(f, e.high));
  };
  return fmt::format("{} is {}, and was {} in {}: worse by more than {:.3g} %", to_string(figure), text(*now),
      text(*then), than.name, 100 * than.tolerance);
}

const level_figures* level_of(const baseline& than, std::size_t clients) {
  const auto found =
      std::find_if(than.levels.begin(), than.levels.end(), [&](const auto& level) { return level.first == clients; });
  return found == than.levels.end() ? nullptr : &found->second;
}

json as_json(const std::optional<estimate>& e) {
  return e ? json{{"median", e->median}, {"low", e->low}, {"high", e->high}} : json();
}

} // namespace

std::string_view to_string(baseline_figure f) noexcept {
  switch (f) {
  case baseline_figure::rate:
    return "rate";
  case baseline_figure::p50:
    return "p50";
  case baseline_figure::p99:
    return "p99";
  case baseline_figure::faults:
    return "faults";
  }
  return "?";
}

baseline parse_baseline(const std::string& name, double tolerance, const json& document, const json& config) {
  try {
    if (document.at("revecho_stress") != 1) throw std::invalid_argument(name + " is of another version");
    check_same_load(name, document.at("config"), config);
    if (document.at("interrupted") == true) throw std::invalid_argument(name + " is of a run that was interrupted");
    const auto begin = nanoseconds_of(config.at("ramp_s").get<double>() + config.at("warmup_s").get<double>(), 1e9);
    const auto end = begin + nanoseconds_of(config.at("duration_s").get<double>(), 1e9);
    baseline result{name, tolerance, begin, end, {}};
    for (const auto& level : document.at("levels"))
      result.levels.emplace_back(level.at("clients").get<std::size_t>(), figures_of(level, begin, end));
    return result;
  } catch (const nlohmann::json::exception& error) {
    throw std::invalid_argument(
        fmt::format("{} is not what --json writes, or of an earlier version: {}", name, error.what()));
  }
}

std::vector<comparison> compare(const baseline& than, const level_result& level) {
  const auto* then = level_of(than, level.clients);
  const auto now = figures_of(level, than.window_begin, than.window_end);
  std::vector<comparison> all;
  for (const auto figure : figures) {
    const auto place = static_cast<std::size_t>(figure);
    comparison c{figure, then != nullptr ? then->values[place] : std::nullopt, now.values[place], false, {}};
    c.is_known = c.then && c.now && (!now.held_up || then->held_up) && !level.interrupted;
    if (c.is_known) c.reason = reason_of(than, c);
    all.push_back(std::move(c));
  }
  return all;
}

std::string about_unknown(const baseline& than, const level_result& level) {
  std::vector<std::string_view> names;
  bool is_measured = false; // in both runs, one of those that are not compared
  for (const auto& each : compare(than, level)) {
    if (each.is_known) continue;
    names.push_back(to_string(each.figure));
    is_measured = is_measured || (each.then && each.now);
  }
  if (names.empty() || level.interrupted) return {};
  const auto* why = is_measured ? "something held up the load tool, and did not then"
                                : "one of the runs has it for fewer than five seconds";
  return fmt::format("Not compared with {}: {} ({}).", than.name, fmt::join(names, ", "), why);
}

json as_json(const std::vector<comparison>& all) {
  json document = json::object();
  for (const auto& [figure, then, now, is_known, reason] : all)
    document[std::string(to_string(figure))] = {
        {"then", as_json(then)}, {"now", as_json(now)}, {"worse", is_known ? json(!reason.empty()) : json()}};
  return document;
}

} // namespace revecho::stress
