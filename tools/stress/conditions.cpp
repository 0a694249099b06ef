#include "tools/stress/conditions.hpp"

#include "shared/options/command_line.hpp"
#include "shared/options/quantity.hpp"
#include "shared/process/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace revecho::stress {
namespace {

constexpr std::array<std::string_view, 4> latency_names{"response", "service", "connect", "first_reply"};
constexpr std::array<std::string_view, 8> count_names{
    "lost", "late", "wrong", "closed", "connect_failed", "missed", "unserved", "reconnects"};

template <class All>
bool is_one_of(const All& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::optional<double> percent_of(std::string_view figure) {
  if (!figure.starts_with('p')) return std::nullopt;
  double percent = 0;
  const char* const end = figure.data() + figure.size();
  const auto [stopped, error] = std::from_chars(figure.data() + 1, end, percent, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end || percent <= 0 || percent >= 100) return std::nullopt;
  return percent;
}

bool is_latency(std::string_view figure) { return figure == "max" || figure == "mean" || percent_of(figure); }

double number_of(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end || !(number >= 0))
    throw std::invalid_argument(fmt::format("'{}' is not a number of 0 or more", text));
  return number;
}

condition parse_condition(const std::string& text) {
  const auto fail = [&] {
    throw std::invalid_argument(fmt::format(
        "'{}' is not a condition: write it like p99>5ms, service.p50>=1ms, rate<1000, outage>200ms or one of {} like "
        "lost>0; none leaves out the default rule",
        text, fmt::join(count_names, ", ")));
  };
  const auto sign = text.find_first_of("<>");
  if (sign == text.npos) fail();
  condition c;
  c.text = text;
  c.is_upper = text[sign] == '>';
  c.includes = text.substr(sign + 1).starts_with('=');
  c.figure = text.substr(0, sign);
  if (const auto dot = c.figure.find('.'); dot != c.figure.npos && is_one_of(latency_names, c.figure.substr(0, dot))) {
    c.latency = c.figure.substr(0, dot);
    c.figure.erase(0, dot + 1);
    if (!is_latency(c.figure)) fail();
  }
  const auto bound = text.substr(sign + (c.includes ? 2 : 1));
  if (is_latency(c.figure) || c.figure == "outage") {
    c.bound = seconds(parse_duration(bound));
  } else if (c.figure == "rate" || is_one_of(count_names, c.figure)) {
    c.bound = number_of(bound);
  } else {
    fail();
  }
  return c;
}

// An open loop is judged by what a user waits.
const latencies& latencies_of(const condition& c, const level_result& level) {
  if (c.latency == "service") return level.service;
  if (c.latency == "connect") return level.connect;
  if (c.latency == "first_reply") return level.first_reply;
  return level.offered_rate > 0 ? level.response : level.service;
}

double count_of(std::string_view name, const level_result& level) {
  const auto number = [&] {
    if (name == "lost") return level.lost;
    if (name == "late") return level.late;
    if (name == "wrong") return level.wrong_total();
    if (name == "closed") return level.closed_early + level.closed_idle;
    if (name == "connect_failed") return level.connect_failed;
    if (name == "missed") return level.missed_sends;
    if (name == "reconnects") return level.reconnects;
    return level.is_unserved_by_chance() ? std::uint64_t{0} : std::uint64_t{level.never_served()};
  };
  return static_cast<double>(number());
}

// Nothing if it is not known.
std::optional<double> value_of(const condition& c, const level_result& level) {
  if (c.figure == "rate") return level.rate();
  if (c.figure == "outage") {
    double longest = 0;
    for (const auto& each : level.outages())
      longest = std::max(longest, seconds(each.duration));
    return longest;
  }
  if (!is_latency(c.figure)) return count_of(c.figure, level);
  const auto& values = latencies_of(c, level).values;
  if (values.size() == 0) return std::nullopt;
  if (c.figure == "max") return seconds(values.max());
  if (c.figure == "mean") return seconds(values.mean());
  const auto known = values.known_percentile(*percent_of(c.figure));
  return known ? std::optional(seconds(*known)) : std::nullopt;
}

std::string text_of(const condition& c, double value) {
  const bool is_time = is_latency(c.figure) || c.figure == "outage";
  return is_time ? format_duration(std::chrono::nanoseconds{static_cast<std::int64_t>(value * 1e9)})
                 : format_count(value);
}

std::string failure_of(const condition& c, const level_result& level) {
  const auto what = c.latency.empty() ? c.figure : c.latency + " " + c.figure;
  const auto value = value_of(c, level);
  if (!value) return fmt::format("{} is not known: fewer than ten are beyond it ({})", what, c.text);
  const bool passes = c.is_upper ? *value > c.bound : *value < c.bound;
  if (!passes && !(c.includes && *value == c.bound)) return {};
  return fmt::format("{} is {} ({})", what, text_of(c, *value), c.text);
}

std::string what_was_not_right(const level_result& level) {
  std::string text;
  const auto add = [&](std::uint64_t number, std::string_view what) {
    if (number > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, what);
  };
  if (level.verified == 0) text = "nobody was answered";
  add(level.wrong_total(), "wrong");
  add(level.lost, "lost");
  add(level.late, "late");
  add(level.connect_failed, "attempts to connect failed");
  add(level.closed_early, "connections closed by the server");
  add(level.missed_sends, "never sent");
  return text;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += c;
    }
  }
  return result;
}

} // namespace

failure_rule parse_failure_rule(const std::vector<std::string>& texts) {
  failure_rule rule;
  for (const auto& text : texts) {
    for (const auto& part : split_list(text)) {
      if (part == "none") {
        rule.every_reply_is_right = false;
      } else {
        rule.conditions.push_back(parse_condition(part));
      }
    }
  }
  return rule;
}

std::vector<rule_result> judge(const failure_rule& rule, const level_result& level) {
  std::vector<rule_result> all;
  if (rule.every_reply_is_right) all.push_back({"every reply is right", what_was_not_right(level)});
  for (const auto& each : rule.conditions)
    all.push_back({each.text, failure_of(each, level)});
  if (!rule.than) return all;
  for (const auto& each : compare(*rule.than, level))
    if (each.is_known)
      all.push_back({fmt::format("{} no worse than in {}", to_string(each.figure), rule.than->name), each.reason});
  return all;
}

std::vector<std::string> failures(const failure_rule& rule, const level_result& level) {
  std::vector<std::string> reasons;
  for (auto& each : judge(rule, level))
    if (!each.reason.empty()) reasons.push_back(std::move(each.reason));
  return reasons;
}

bool all_ok(const failure_rule& rule, const std::vector<level_result>& levels) {
  return !levels.empty() && std::all_of(levels.begin(), levels.end(),
                                [&](const auto& level) { return failures(rule, level).empty() && !level.interrupted; });
}

std::string as_junit(const failure_rule& rule, const std::vector<level_result>& levels) {
  std::string cases;
  std::size_t tests = 0;
  std::size_t failed = 0;
  for (const auto& level : levels) {
    for (const auto& each : judge(rule, level)) {
      ++tests;
      cases += fmt::format("  <testcase classname=\"{} clients\" name=\"{}\" time=\"{:.3f}\"", level.clients,
          escaped(each.rule), seconds(level.window));
      if (each.reason.empty()) {
        cases += "/>\n";
        continue;
      }
      ++failed;
      cases += fmt::format(">\n    <failure message=\"{}\"/>\n  </testcase>\n", escaped(each.reason));
    }
  }
  return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<testsuite name=\"revecho-stress\" tests=\"{}\" failures=\"{}\" errors=\"0\">\n{}</testsuite>\n",
      tests, failed, cases);
}

} // namespace revecho::stress
