#include "tools/stress/output.hpp"

#include "shared/process/format.hpp"
#include "tools/stress/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace revecho::stress {
namespace {

std::string count_text(std::uint64_t n) { return format_count(static_cast<double>(n)); }

std::string plural(std::uint64_t number, std::string_view thing) {
  return fmt::format("{} {}{}", count_text(number), thing, number == 1 ? "" : "s");
}

// A storm of short ones, of few clients each, is summed up.
void add_outages(const level_result& level, std::vector<std::string>& lines) {
  constexpr std::size_t most_told = 5;
  constexpr std::chrono::milliseconds shortest_told{1};
  auto all = level.outages();
  std::erase_if(all, [&](const outage& o) { return o.duration < shortest_told && o.lost == 0; });
  const auto is_long = [&](const outage& o) { return o.whole_path || o.duration >= level.shortest_silence; };
  const bool is_storm = all.size() > most_told;
  std::vector<outage> summed;
  std::size_t told = 0;
  for (const outage& o : all) {
    if (is_storm && (!is_long(o) || told == most_told)) {
      summed.push_back(o);
      continue;
    }
    ++told;
    const auto who = o.whole_path ? fmt::format("the whole path ({})", plural(o.connections, "client"))
                                  : fmt::format("some clients ({} of {})", o.connections, level.clients);
    lines.push_back(fmt::format("Outage at {:.1f} s ({} UTC) for {}: {}, {} lost.", seconds(o.start),
        format_time_of_day(level.time_of(level.begun + o.start)), format_duration(o.duration), who,
        plural(o.lost, "message")));
  }
  if (level.interruptions_left_out > 0)
    lines.push_back(fmt::format("{} more were not kept.", plural(level.interruptions_left_out, "interruption")));
  if (level.lost_outside_outages > 0)
    lines.push_back(fmt::format("{} lost outside of outages.", plural(level.lost_outside_outages, "message")));
  if (summed.empty()) return;
  const auto by = [&](auto member) {
    return std::minmax_element(
        summed.begin(), summed.end(), [&](const outage& a, const outage& b) { return a.*member < b.*member; });
  };
  const auto clients = by(&outage::connections);
  const auto least = clients.first->connections;
  const auto most = clients.second->connections;
  std::uint64_t lost = 0;
  for (const outage& o : summed)
    lost += o.lost;
  lines.push_back(fmt::format("{} of {}, the longest for {}: {} lost.", plural(summed.size(), "interruption"),
      least == most ? plural(most, "client") : fmt::format("{} to {} clients", least, most),
      format_duration(by(&outage::duration).second->duration), plural(lost, "message")));
}

// As the table has it.
std::string_view title_of(fault kind) {
  const auto figure = figure_of(kind);
  if (figure == "connect_failed") return "unconnected";
  return figure == "closed_early" ? "closed early" : figure;
}

// No client was left that could have gone on.
void add_early_end(const level_result& level, const workload& work, std::vector<std::string>& lines) {
  if (!level.ended_early) {
    if (level.clients_gone > 0 && !level.goes_on)
      lines.push_back(fmt::format("{} had no connection any more and did not go on: with --reconnect they do.",
          plural(level.clients_gone, "client")));
    return;
  }
  const auto total = work.ramp + work.warmup + work.duration + work.cooldown;
  const auto how_far = work.messages
                           ? fmt::format("{} of {}", level.sent, plural(level.clients * *work.messages, "message"))
                           : fmt::format("{} of {}", format_duration(*level.ended_early), format_duration(total));
  lines.push_back(fmt::format("Ended after {} ({} UTC): no client had a connection any more{}.{}", how_far,
      format_time_of_day(level.time_of(level.begun + *level.ended_early)),
      level.goes_on ? fmt::format(", nor got one for {}", format_duration(work.timeout))
                    : "; with --reconnect they go on",
      work.messages ? "" : " The rate is that of the time until then."));
}

void add_failures(const level_result& level, const workload& work, std::vector<std::string>& lines) {
  for (auto& line : fault_lines(level))
    lines.push_back(std::move(line));
  if (level.verified == 0 && !level.interrupted) lines.emplace_back("Nobody was answered.");
  add_early_end(level, work, lines);
  const auto add_missed = [&](std::uint64_t number, std::string_view because) {
    if (number > 0)
      lines.push_back(
          fmt::format("{} messages were never sent, because {}; they count as having taken the time-out or longer.",
              count_text(number), because));
  };
  add_missed(level.missed_sends - level.missed_unconnected, "replies to earlier ones were still missing");
  add_missed(level.missed_unconnected,
      level.goes_on ? "connections were gone" : "connections were gone (with --reconnect clients go on)");
  const auto& judged = judged_by(level);
  if (judged.censored > 0)
    lines.push_back(
        fmt::format("{:.2f} % of the latencies are only known to be at least that (lost, late or never sent).",
            100 * share(judged.censored, judged.values.size())));
  add_outages(level, lines);
  if (level.closed_idle > 0)
    lines.push_back(fmt::format("Idle connections closed by the peer: {}.", count_text(level.closed_idle)));
  if (level.reconnects > 0) lines.push_back(fmt::format("{} to reconnect.", plural(level.reconnects, "attempt")));
  const bool all_kept_the_first =
      level.goes_on && level.reconnects == 0 && level.connect.values.size() <= level.clients;
  if (all_kept_the_first)
    lines.emplace_back(
        "All clients kept their first connection: nothing was learned about new ones; --session makes some.");
}

std::string about_standstills(const level_result& level) {
  const auto longest = std::max_element(level.standstills.begin(), level.standstills.end(),
      [](const standstill& a, const standstill& b) { return a.duration < b.duration; });
  return fmt::format(
      "The load tool itself stood still for {} ({} time{}; longest at {:.1f} s for {}): that is no outage "
      "of the server, and {} latencies are left out.",
      format_duration(level.stood_still()), level.standstills.size(), level.standstills.size() == 1 ? "" : "s",
      seconds(longest->start), format_duration(longest->duration), count_text(level.unmeasured));
}

// The kernel looks for a free port among half of them first; when these are used up, each connect() takes milliseconds.
bool is_short_of_ports(const level_result& level, const workload& work) {
  const std::size_t used = work.close == closing::reset ? level.clients : level.connect.values.size();
  return level.ports > 0 && 2 * used > level.ports;
}

std::string way_to_more_cpu(const level_result& level, const workload& work) {
  if (is_short_of_ports(level, work)) return "looking for free ports takes long: use more addresses with --source";
  if (work.threads < std::min(level.processors, level.clients)) return "use more --threads";
  return "run the load on more or other processors";
}

// Names the limit if it was not the server.
std::string about_limit(const level_result& level, const workload& work) {
  constexpr auto so = "rate and latencies describe it rather than the server";
  switch (level.limited_by()) {
  case tool_limit::none:
    return {};
  case tool_limit::standstill:
    return "Because of that the rate is a lower bound.";
  case tool_limit::quota:
    return fmt::format(
        "The load tool itself was stopped by its CPU quota, and waited {:.0f} % of its threads' time for "
        "a processor: {}; raise the quota (cpu.max of its control group).",
        100 * level.delay_share, so);
  case tool_limit::delay:
    return fmt::format("The load tool itself waited {:.0f} % of its threads' time for a processor that others used, {} "
                       "each time: {}; end other programs, or give it processors of its own.",
        100 * level.delay_share, format_duration(level.mean_run_delay()), so);
  case tool_limit::cpu:
    return fmt::format("The load tool itself used {:.0f} % of its threads' time: {}; {}.", 100 * level.cpu_share, so,
        way_to_more_cpu(level, work));
  case tool_limit::reading:
    return fmt::format(
        "The load tool itself let replies lie in the kernel (p50 {}, p99 {}) before it read them: {}; {}.",
        percentile_text(level.unread, 50), percentile_text(level.unread, 99), so, way_to_more_cpu(level, work));
  case tool_limit::lag:
    return fmt::format("The load tool itself sent late (p99 {}): {}.", format_duration(level.lag.percentile(99)), so);
  }
  return {};
}

// Somebody who is served much later than a usual client is lost among the others.
std::string about_the_slowest(const level_result& level) {
  auto all = level.by_client.p50;
  if (all.size() < 2) return {};
  std::sort(all.begin(), all.end());
  const auto usual = all[all.size() / 2];
  const auto slow = std::count_if(all.begin(), all.end(), [&](auto p50) { return p50 > 2 * usual; });
  if (slow == 0) return {};
  return fmt::format(
      "{} of {} clients waited more than twice as long as the client in the middle: their p50 is up to {}, "
      "not {}.",
      slow, all.size(), format_duration(all.back()), format_duration(usual));
}

// Can the figures be what they seem?
void add_doubts(const level_result& level, const workload& work, std::vector<std::string>& lines) {
  if (level.split_replies > 0)
    lines.push_back(
        fmt::format("{} replies came in more than one piece: raw has no framing.", count_text(level.split_replies)));
  if (level.never_served() > 0 && !work.messages)
    lines.push_back(level.is_unserved_by_chance()
                        ? fmt::format("{} of {} clients had no reply in the window, which is too short to tell whether "
                                      "they were passed over: use a longer --duration.",
                              level.never_served(), level.clients)
                        : fmt::format("{} of {} clients had no reply in the window: the percentiles tell nothing of "
                                      "what they waited for.",
                              level.never_served(), level.clients));
  if (const auto text = about_the_slowest(level); !text.empty()) lines.push_back(text);
  const double effective = level.effective_concurrency();
  const double offered = level.offered_concurrency();
  if (effective > offered * 1.02 + 0.1)
    lines.push_back(fmt::format("Rate and latency contradict each other (Little's law): they imply {:.1f} messages in "
                                "flight, and at most {:.0f} were.",
        effective, offered));
  const bool closed = work.rate <= 0 && work.think.is_zero() && !work.session && !work.messages;
  if (closed && level.answered > 0 && effective < 0.9 * offered)
    lines.push_back(fmt::format(
        "Of {:.0f} messages under way only {:.1f} were being answered: the others waited.", offered, effective));
  if (const double part = level.delayed_ack_share(); part > 0 && !work.uses_unix())
    lines.push_back(fmt::format(
        "{:.2g} % of the latencies are near 40 ms: a peer on the path waits for delayed ACKs; does it set TCP_NODELAY?",
        100 * part));
  if (const auto drift = level.drift())
    lines.push_back(fmt::format("The rate {} by {:.0f} % from the first half of the window to the second: {}.",
        *drift > 0 ? "rose" : "fell", 100 * std::abs(*drift),
        level.outages().empty() ? "this is no steady state; a longer --warmup may reach it"
                                : "there was an outage in it"));
  if (!level.standstills.empty()) lines.push_back(about_standstills(level));
  if (auto text = about_limit(level, work); !text.empty()) lines.push_back(std::move(text));
  if (level.knows_no_arrivals())
    lines.emplace_back(
        "The kernel does not report when replies arrived: how long they lay unread is unknown. Use --timestamps off "
        "to stop asking.");
  if (!work.messages && level.window < std::chrono::seconds{1})
    lines.push_back(
        fmt::format("The window of {} is short: figures will vary between runs.", format_duration(level.window)));
}

// The first to leave are those of which others say nearly the same, and those that remarks tell when they matter.
std::vector<table::column> columns_of(bool open, const std::vector<level_result>& targets, std::size_t digits) {
  using enum table::align;
  constexpr std::size_t duration = 7; // "1.24 ms"
  constexpr std::size_t count = 5;    // "12.3k"
  std::vector<table::column> all{{"clients", right, 0, digits}};
  if (!targets.empty()) {
    all.push_back({"target", left, 0, 0});
    for (const auto& each : targets)
      all.back().least = std::max(all.back().least, width_of(each.target));
  }
  if (open) all.push_back({"offered", right, 0, count + 2});
  all.push_back({"replies", right, 0, count + 4}); // "≥ 12.3k/s"
  all.push_back({"p50", right, 0, duration});
  all.push_back({"p90", right, 10, duration});
  all.push_back({"p99", right, 0, duration});
  all.push_back({"p99.9", right, 7, duration});
  all.push_back({"max", right, 2, duration});
  if (open) all.push_back({"service p50", right, 11, duration});
  if (open) all.push_back({"service p99", right, 9, duration});
  all.push_back({"tool p99", right, 13, duration});
  all.push_back({"1st reply p99", right, 12, duration});
  all.push_back({"verified", right, 1, count});
  all.push_back({"wrong", right, 0, count});
  all.push_back({"lost", right, 0, count});
  all.push_back({"late", right, 5, count});
  all.push_back({"unconnected", right, 8, count});
  all.push_back({"closed early", right, 8, count});
  if (open) all.push_back({"missed", right, 7, count});
  all.push_back({"unserved", right, 6, count});
  return all;
}

// `level`: all of it, or the part of one target.
std::vector<std::string> cells_of(const level_result& level, const level_result& all) {
  const bool open = all.offered_rate > 0;
  const auto& judged = judged_by(level).values;
  std::vector<std::string> cells{std::to_string(level.clients)};
  if (!all.targets.empty()) cells.push_back(level.target.empty() ? "all" : level.target);
  if (open) cells.push_back(format_count(level.offered_rate) + "/s");
  const bool limited = all.limited_by() != tool_limit::none;
  cells.push_back(fmt::format("{}{}/s", limited ? "≥ " : "", format_count(level.rate())));
  for (const double percent : {50.0, 90.0, 99.0, 99.9})
    cells.push_back(percentile_text(judged, percent));
  cells.push_back((judged_by(level).is_max_censored() ? ">" : "") + format_duration(judged.max()));
  if (open)
    for (const double percent : {50.0, 99.0})
      cells.push_back(percentile_text(level.service.values, percent));
  cells.push_back(percentile_text(level.unread, 99));
  cells.push_back(percentile_text(level.first_reply.values, 99));
  for (const auto n :
      {level.verified, level.wrong_total(), level.lost, level.late, level.connect_failed, level.closed_early})
    cells.push_back(count_text(n));
  if (open) cells.push_back(count_text(level.missed_sends));
  cells.push_back(level.is_unserved_by_chance() ? "–" : count_text(level.never_served()));
  return cells;
}

} // namespace

std::string percentile_text(const histogram& of, double percent) {
  const auto known = of.known_percentile(percent);
  return known ? format_duration(*known) : "–";
}

const latencies& judged_by(const level_result& level) {
  return level.offered_rate > 0 ? level.response : level.service;
}

std::string level_table::add(const level_result& level) {
  const bool open = level.offered_rate > 0;
  std::string text;
  if (!rows_) {
    rows_.emplace(columns_of(open, level.targets, std::to_string(most_clients_).size()));
    rows_->fit(width_);
    text = rows_->head();
  }
  rows_->add_row(cells_of(level, level));
  for (const auto& each : level.targets)
    rows_->add_row(cells_of(each, level));
  return text + rows_->rows_from(std::exchange(count_, count_ + 1 + level.targets.size()));
}

std::vector<std::string> fault_lines(const level_result& level) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < fault_kinds; ++i) {
    const auto kind = static_cast<fault>(i);
    const auto count = level.faults.count_of(kind);
    if (count == 0) continue;
    lines.push_back(fmt::format("{} {}: {}.", count_text(count), title_of(kind), to_string(kind)));
    const auto examples = level.faults.examples(kind);
    for (const auto* each : examples)
      lines.push_back(text_of(*each, level));
    if (count > examples.size())
      lines.push_back(fmt::format(
          "And {} more like {}.", count_text(count - examples.size()), examples.size() == 1 ? "this" : "these"));
  }
  return lines;
}

std::vector<std::string> remarks(const level_result& level, const workload& work) {
  std::vector<std::string> lines;
  add_failures(level, work, lines);
  for (const auto& hint : hints_of(level.seen, level.verified, level.lost + level.late, work.framing_kind))
    lines.push_back("Hint: " + hint);
  add_doubts(level, work, lines);
  return lines;
}

} // namespace revecho::stress
