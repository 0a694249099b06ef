#include "tools/stress/documents.hpp"

#include "shared/process/format.hpp"
#include "shared/process/version.hpp"
#include "tools/host_json.hpp"
#include "tools/stress/events.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

namespace revecho::stress {
namespace {

using json = nlohmann::ordered_json;

json to_json(const latencies& l) {
  const auto percentile = [&](double percent) {
    const auto known = l.values.known_percentile(percent);
    return known ? json(microseconds(*known)) : json();
  };
  return {{"count", l.values.size()}, {"mean", microseconds(l.values.mean())}, {"p50", percentile(50)},
      {"p90", percentile(90)}, {"p99", percentile(99)}, {"p99_9", percentile(99.9)}, {"p99_99", percentile(99.99)},
      {"max", microseconds(l.values.max())}, {"censored", share(l.censored, l.values.size())}};
}

json generator_json(const level_result& level) {
  const auto limit = level.limited_by();
  return {{"cpu_share", level.cpu_share}, {"lag_p99_us", microseconds(level.lag.percentile(99))},
      {"missed_sends", level.missed_sends}, {"missed_unconnected", level.missed_unconnected},
      {"limited", limit != tool_limit::none},
      {"limited_by", limit != tool_limit::none ? json(to_string(limit)) : json()},
      {"run_delay_s", seconds(level.run_delay)}, {"throttled_s", seconds(level.throttled)},
      {"standstill_s", seconds(level.stood_still())}, {"longest_standstill_s", seconds(level.longest_standstill())},
      {"unmeasured", level.unmeasured}};
}

// The client in the middle, and the worst.
json of_clients(std::vector<std::chrono::nanoseconds> all) {
  if (all.empty()) return {{"clients", 0}, {"median", nullptr}, {"worst", nullptr}};
  std::sort(all.begin(), all.end());
  return {{"clients", all.size()}, {"median", microseconds(all[all.size() / 2])}, {"worst", microseconds(all.back())}};
}

// Columns: they are read as such, and take less room.
json to_json(const std::vector<second_figures>& all) {
  const auto column = [&](auto value) {
    json values = json::array();
    for (const auto& each : all)
      values.push_back(value(each));
    return values;
  };
  const auto latency = [&](auto member) {
    return column([&](const second_figures& s) { return s.*member ? json(microseconds(*(s.*member))) : json(); });
  };
  return {{"time_s", column([](const auto& s) { return seconds(s.time); })},
      {"connected", column([](const auto& s) { return s.connected; })},
      {"sent", column([](const auto& s) { return s.sent; })},
      {"verified", column([](const auto& s) { return s.verified; })},
      {"errors", column([](const auto& s) { return s.errors; })}, {"p50_us", latency(&second_figures::p50)},
      {"p99_us", latency(&second_figures::p99)}, {"max_us", latency(&second_figures::max)}};
}

json wrong_json(const level_result& level) {
  json wrong = json::object();
  for (std::size_t i = 0; i < wrong_kinds; ++i)
    wrong[std::string(to_string(static_cast<fault>(i)))] = level.wrong[i];
  return wrong;
}

json latency_json(const level_result& level) {
  json latency = json::object();
  if (level.offered_rate > 0) latency["response"] = to_json(level.response);
  if (level.net_response.values.size() > 0) latency["net_response"] = to_json(level.net_response);
  latency["service"] = to_json(level.service);
  if (level.offered_rate > 0) latency["wait"] = to_json(level.wait);
  latency["tool"] = to_json(latencies{level.unread, 0});
  latency["connect"] = to_json(level.connect);
  latency["first_reply"] = to_json(level.first_reply);
  return latency;
}

json outages_json(const level_result& level) {
  json outages = json::array();
  for (const outage& o : level.outages())
    outages.push_back({{"start_s", seconds(o.start)}, {"duration_s", seconds(o.duration)},
        {"connections", o.connections}, {"lost", o.lost}, {"whole_path", o.whole_path}});
  return outages;
}

// Each of several: what its clients saw.
json targets_json(const level_result& level) {
  json all = json::array();
  for (const auto& t : level.targets)
    all.push_back({{"to", t.target}, {"clients", t.clients}, {"offered_rate", t.offered_rate}, {"messages", t.messages},
        {"rate", t.rate()}, {"verified", t.verified}, {"wrong", wrong_json(t)}, {"lost", t.lost}, {"late", t.late},
        {"connect_failed", t.connect_failed}, {"closed_early", t.closed_early}, {"closed_idle", t.closed_idle},
        {"reconnects", t.reconnects}, {"latency_us", latency_json(t)}, {"outages", outages_json(t)}});
  return all;
}

json to_json(const level_result& level, const failure_rule& rule, framing used) {
  const auto reasons = failures(rule, level);
  auto replies = level.replies;
  std::sort(replies.begin(), replies.end());
  json document{{"clients", level.clients}, {"started", format_time(level.started)},
      {"offered_rate", level.offered_rate}, {"window_s", seconds(level.window)}, {"messages", level.messages},
      {"rate", level.rate()}, {"drift", level.drift() ? json(*level.drift()) : json()}, {"verified", level.verified},
      {"wrong", wrong_json(level)}, {"lost", level.lost}, {"late", level.late},
      {"connect_failed", level.connect_failed}, {"closed_early", level.closed_early},
      {"closed_idle", level.closed_idle}, {"reconnects", level.reconnects}, {"clients_gone", level.clients_gone},
      {"ended_early_s", level.ended_early ? json(seconds(*level.ended_early)) : json()},
      {"split_replies", level.split_replies}, {"latency_us", latency_json(level)},
      {"latency_by_client_us", {{"p50", of_clients(level.by_client.p50)}, {"p99", of_clients(level.by_client.p99)}}},

      {"fairness", {{"min", replies.empty() ? 0 : replies.front()},
                       {"median", replies.empty() ? 0 : replies[replies.size() / 2]},
                       {"max", replies.empty() ? 0 : replies.back()}, {"never_served", level.never_served()},
                       {"never_served_by_chance", level.is_unserved_by_chance()},
                       {"longest_stall_us", microseconds(level.longest_stall)}}},
      {"offered_concurrency", level.offered_concurrency()}, {"effective_concurrency", level.effective_concurrency()},
      {"generator", generator_json(level)},
      {"retransmitted", level.retransmitted ? json(*level.retransmitted) : json()},
      {"delayed_ack_share", level.delayed_ack_share()}, {"faults", faults_json(level)},
      {"hints", hints_of(level.seen, level.verified, level.lost + level.late, used)}, {"outages", outages_json(level)},
      {"lost_outside_outages", level.lost_outside_outages}, {"targets", targets_json(level)},
      {"interrupted", level.interrupted}, {"failures", reasons}, {"ok", reasons.empty()},
      {"seconds", to_json(level.by_second)}};
  if (rule.than) document["baseline"] = as_json(compare(*rule.than, level));
  return document;
}

} // namespace

json config_json(const stress_options& options) {
  const auto& work = options.work;
  std::string to;
  for (const auto& each : work.to)
    to += (to.empty() ? "" : " ") + to_string(each);
  json config{{"to", to}, {"all_addresses", work.all_addresses}, {"clients", options.levels},
      {"framing", to_string(work.framing_kind)}, {"size", work.size.text()}, {"pipeline", work.pipeline},
      {"think", work.think.text()}, {"session", work.session ? json(work.session->text()) : json()},
      {"close", work.close == closing::fin ? "fin" : "reset"}, {"half_close", work.half_close},
      {"send_proxy", work.send_proxy ? json(*work.send_proxy == proxy_version::v1 ? "v1" : "v2") : json()},
      {"rate", work.rate > 0 ? json(work.rate) : json()},
      {"arrivals", work.arrival == arrivals::even ? "even" : "poisson"}, {"ramp_s", seconds(work.ramp)},
      {"warmup_s", seconds(work.warmup)}, {"cooldown_s", seconds(work.cooldown)},
      {"duration_s", work.messages ? json() : json(seconds(work.duration))},
      {"messages", work.messages ? json(*work.messages) : json()}, {"timeout_s", seconds(work.timeout)},
      {"reconnect", work.reconnect}, {"reconnect_pause", work.reconnect_pause.text()},
      {"outage_s", seconds(work.shortest_outage)}, {"timestamps", work.asks_for_arrivals()}, {"threads", work.threads},
      {"sources", work.sources.size()},
      {"source_ports", work.source_ports ? json({work.source_ports->first, work.source_ports->last}) : json()},
      {"nodelay", !work.uses_unix()}, {"seed", work.seed ? json(*work.seed) : json()}};
  if (options.find_rate)
    config["find_rate"] = {
        {"percentile", options.find_rate->percent}, {"limit_us", microseconds(options.find_rate->limit)}};
  return config;
}

namespace {

json host_json(const host& machine) {
  json all(machine);
  all["version"] = version;
  all["warnings"] = warnings_about(machine);
  return all;
}

json to_json(const std::vector<name_resolution>& all) {
  name_resolution sum;
  json addresses = json::array();
  for (const auto& each : all) {
    sum.lookups += each.lookups;
    sum.failed += each.failed;
    sum.longest = std::max(sum.longest, each.longest);
    for (const auto& address : each.addresses)
      addresses.push_back(address.host());
  }
  return {{"lookups", sum.lookups}, {"failed", sum.failed}, {"longest_us", microseconds(sum.longest)},
      {"addresses", addresses}};
}

} // namespace

nlohmann::ordered_json as_json(const stress_options& options, const host& machine,
    const std::vector<name_resolution>& names, const std::vector<level_result>& levels) {
  json all = json::array();
  for (const auto& level : levels)
    all.push_back(to_json(level, options.rule, options.work.framing_kind));
  const bool interrupted = std::any_of(levels.begin(), levels.end(), [](const auto& l) { return l.interrupted; });
  json document{{"revecho_stress", 1}, {"config", config_json(options)}, {"host", host_json(machine)},
      {"name_resolution", to_json(names)}, {"levels", all}, {"interrupted", interrupted},
      {"ok", all_ok(options.rule, levels)}};
  if (const auto& than = options.rule.than)
    document["baseline"] = {{"file", than->name}, {"tolerance", than->tolerance}};
  return document;
}

nlohmann::ordered_json as_json(const rate_search& s) {
  const auto known = [](double rate) { return rate > 0 ? json(rate) : json(); };
  return {{"highest_passed", known(s.passed)}, {"lowest_failed", known(s.failed)},
      {"limited", s.end == search_end::limited}, {"ended", to_string(s.end)}};
}

std::string csv_titles() { return "clients,time_s,connected,sent,verified,errors,p50_us,p99_us,max_us\n"; }

std::string csv_line(std::size_t clients, const second_figures& s) {
  const auto latency = [](std::optional<std::chrono::nanoseconds> value) {
    return value ? fmt::format("{:.1f}", microseconds(*value)) : std::string();
  };
  return fmt::format("{},{:.3f},{},{},{},{},{},{},{}\n", clients, seconds(s.time), s.connected, s.sent, s.verified,
      s.errors, latency(s.p50), latency(s.p99), latency(s.max));
}

// The steps grow finer towards 100 %: each halving of the distance to it has five (Tene, HdrHistogram).
std::string as_hgrm(const histogram& h) {
  constexpr double ticks = 5;
  const auto milliseconds = [](std::chrono::nanoseconds t) { return static_cast<double>(t.count()) / 1e6; };
  std::string text =
      fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  double level = 0;
  h.for_each_bucket([&](std::chrono::nanoseconds value, std::uint64_t up_to) {
    const double percentile = 100.0 * static_cast<double>(up_to) / static_cast<double>(h.size());
    while (percentile >= level) {
      const double shown = level / 100;
      text += fmt::format("{:12.3f} {:2.12f} {:10} {:14.2f}\n", milliseconds(value), shown, up_to, 1 / (1 - shown));
      const double half_distances = std::floor(std::log2(100 / (100 - level))) + 1;
      level += 100 / (ticks * std::exp2(half_distances));
      if (up_to == h.size()) break; // one tick in the last bucket, and then 100 %
    }
  });
  if (h.size() > 0) text += fmt::format("{:12.3f} {:2.12f} {:10}\n", milliseconds(h.max()), 1.0, h.size());
  text += fmt::format(
      "#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", milliseconds(h.mean()), milliseconds(h.deviation()));
  text += fmt::format("#[Max     = {:12.3f}, Total count    = {:12}]\n", milliseconds(h.max()), h.size());
  // As HdrHistogram counts them: its first bucket is two of our powers, and the others use the upper half of theirs.
  text += fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", h.powers() - 1, 2 * h.buckets_of_a_power());
  return text;
}

} // namespace revecho::stress
