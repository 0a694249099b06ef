#include "tools/compare/output.hpp"

#include "shared/process/format.hpp"
#include "tools/compare/added_latency.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace revecho::compare {
namespace {

std::string sentences(const std::string& text, std::size_t width) { return wrapped(text, sentence_width(width)); }

std::string latency(const result& r, metric m, double percent) {
  if (!r.knows(m)) return "–";
  return fmt::format("{}{}", r.is_at_least(percent) ? ">" : "", time_of(r.median(m)));
}

std::string if_known(const result& r, metric m, std::string (*format)(double)) {
  return r.knows(m) ? format(r.median(m)) : "–";
}

std::string first_reply(const result& r) {
  if (!r.knows(metric::first_reply_p99_us)) return "–";
  const bool at_least = r.median(metric::first_reply_censored) > 0.01;
  return fmt::format("{}{}", at_least ? ">" : "", time_of(r.median(metric::first_reply_p99_us)));
}

std::string short_number(double value) { return value < 10 ? fmt::format("{:.2f}", value) : format_count(value); }

std::string whole(double value) { return fmt::format("{:.0f}", value); }

std::string user_share(const result& r) {
  const double all = r.median(metric::cpu_us);
  const bool known = r.knows(metric::cpu_user_us) && all > 0;
  return known ? fmt::format("{:.0f} %", 100 * r.median(metric::cpu_user_us) / all) : "–";
}

// A contestant that nobody was compared with is not the best, and a lower bound is not as good as the best.
std::string mark_of(const result& r, const scenario_results& s) {
  if (r.median(metric::unserved) > 0) return "!";
  const auto measured =
      std::count_if(s.results.begin(), s.results.end(), [](const result& one) { return !one.runs.empty(); });
  if (measured < 2) return "";
  const auto& v = s.verdict;
  if (r.contestant == v.winner) return "*";
  if (v.tied.size() < 2 || std::find(v.tied.begin(), v.tied.end(), r.contestant) == v.tied.end()) return "";
  return s.rate <= 0 && r.is_limited_by_tool() ? "≥" : "=";
}

std::string interval(const result& r) {
  const auto e = estimate_median(r.all(metric::rate));
  return fmt::format("{}-{}", format_count(e.low), format_count(e.high));
}

// The first to leave are those that few ask for.
std::vector<table::column> columns_of_scenario() {
  using enum table::align;
  return {{"", left}, {"server", left}, {"replies/s"}, {"interval", right, 1}, {"p50"}, {"p99"}, {"max", right, 4},
      {"samples", right, 12}, {"1st reply p99", right, 8}, {"accept max", right, 9}, {"unserved", right, 2},
      {"CPU/reply", right, 1}, {"of all", right, 10}, {"user", right, 11}, {"switches", right, 7},
      {"threads", right, 5}, {"memory", right, 3}, {"per conn.", right, 6}};
}

std::vector<std::string> cells_of(const result& r, const scenario_results& s) {
  if (r.runs.empty()) return {"", r.contestant, r.failure.empty() ? "not run" : "failed"};
  return {mark_of(r, s), r.contestant, rate_of(r), interval(r), latency(r, metric::p50_us, 50),
      latency(r, metric::p99_us, 99), latency(r, metric::max_us, 100), if_known(r, metric::replies, format_count),
      first_reply(r), if_known(r, metric::accept_max_us, time_of),
      r.all(metric::unserved).empty() ? "–" : whole(r.median(metric::unserved)), if_known(r, metric::cpu_us, time_of),
      if_known(r, metric::processor_us, time_of), user_share(r), if_known(r, metric::context_switches, short_number),
      if_known(r, metric::threads, whole), if_known(r, metric::peak_memory_bytes, format_size),
      if_known(r, metric::memory_per_connection_bytes, format_size)};
}

// Columns without any value are the first to leave; if no server was started here, they are not there at all.
std::string as_text(const scenario_results& s, bool starts_servers, std::size_t width) {
  auto columns = columns_of_scenario();
  std::vector<std::vector<std::string>> cells;
  for (const auto& r : s.results) {
    cells.push_back(cells_of(r, s));
    cells.back().resize(columns.size());
  }
  const auto is_known = [&](std::size_t column) {
    return std::any_of(
        cells.begin(), cells.end(), [=](const auto& row) { return !row[column].empty() && row[column] != "–"; });
  };
  constexpr std::size_t after_p99 = 6; // what is before it is asked for first, known or not
  constexpr int before_all = 100;
  for (std::size_t i = columns.size(); i-- > after_p99;) {
    if (is_known(i)) continue;
    columns[i].leaves += before_all;
    if (starts_servers) continue;
    columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(i));
    for (auto& row : cells)
      row.erase(row.begin() + static_cast<std::ptrdiff_t>(i));
  }
  const bool some_unserved =
      std::any_of(s.results.begin(), s.results.end(), [](const result& r) { return r.median(metric::unserved) > 0; });
  for (auto& c : columns)
    if (c.title == "unserved" && some_unserved) c.leaves = 0;
  table rows(std::move(columns));
  for (auto& row : cells)
    rows.add_row(std::move(row));
  rows.fit(width);
  return fmt::format(
      "{}\n\n{}{}\n{}\n", sentences(s.name, width), rows.text(), rows.left_out(), sentences(s.verdict.text, width));
}

std::string as_text(const timed_story& story, std::size_t width) {
  constexpr auto right = table::align::right;
  table rows({{"", table::align::left}, {"time"}, {"interval", right, 1}, {"runs", right, 2}});
  for (const auto& row : story.rows) {
    if (row.seconds.empty()) {
      rows.add_row({row.label, "–", "–", "0"});
      continue;
    }
    const auto e = estimate_median(row.seconds);
    const auto spread = fmt::format("{}-{} ({:.0f} %)", time_of(1e6 * e.low), time_of(1e6 * e.high), 100 * e.level);
    rows.add_row({row.label, time_of(1e6 * e.median), spread, std::to_string(row.seconds.size())});
  }
  rows.fit(width);
  return fmt::format(
      "{}\n{}\n\n{}{}", sentences(story.title, width), sentences(story.text, width), rows.text(), rows.left_out());
}

// Of one contestant.
std::string cell_of(const scenario_results& s, const contestant_info& who) {
  const auto r =
      std::find_if(s.results.begin(), s.results.end(), [&](const result& one) { return one.contestant == who.name; });
  if (r == s.results.end() || r->runs.empty()) return "–  ";
  const auto mark = mark_of(*r, s);
  return fmt::format("{} {:1}", rate_of(*r), mark == "≥" ? "" : mark); // which the rate has itself
}

// "10 clients": a line above has the group.
std::string name_in_group(const scenario_results& s) {
  const auto end = ", " + s.group;
  return s.name.ends_with(end) ? s.name.substr(0, s.name.size() - end.size()) : s.name;
}

table rates_of(const document& d) {
  std::vector<table::column> columns{{"replies/s, and who is best", table::align::left}};
  for (const auto& c : d.contestants)
    columns.push_back({c.name});
  table rows(columns);
  std::string group;
  for (const auto& s : d.scenarios) {
    if (!group.empty() && s.group != group) rows.add_gap();
    group = s.group;
    std::vector<std::string> cells{s.name};
    for (const auto& c : d.contestants)
      cells.push_back(cell_of(s, c));
    rows.add_row(std::move(cells));
  }
  return rows;
}

// Of some contestants, in as little room as can be.
table narrow_rates_of(const document& d, std::size_t first, std::size_t last, std::size_t width) {
  std::vector<table::column> columns{{"replies/s", table::align::left}};
  for (std::size_t i = first; i < last; ++i)
    columns.push_back({shortened(d.contestants[i].name, width / 3)});
  table rows(columns);
  std::string group;
  for (const auto& s : d.scenarios) {
    if (!group.empty() && s.group != group) rows.add_gap();
    if (s.group != group && name_in_group(s) != s.name) rows.add_line(s.group);
    group = s.group;
    std::vector<std::string> cells{"  " + name_in_group(s)};
    for (std::size_t i = first; i < last; ++i)
      cells.push_back(cell_of(s, d.contestants[i]));
    rows.add_row(std::move(cells));
  }
  return rows;
}

// All scenarios in one table, or in several if not all contestants fit beside each other.
std::string overview(const document& d, std::size_t width) {
  if (const auto all = rates_of(d); all.width() <= width) return all.text();
  std::string text;
  for (std::size_t first = 0; first < d.contestants.size();) {
    std::size_t last = first + 1;
    while (last < d.contestants.size() && narrow_rates_of(d, first, last + 1, width).width() <= width)
      ++last;
    auto rows = narrow_rates_of(d, first, last, width);
    rows.fit(width);
    text += (first > 0 ? "\n" : "") + rows.text();
    first = last;
  }
  return text;
}

// Of those that have any.
std::pair<std::size_t, std::size_t> numbers_of_runs(const document& d) {
  std::vector<std::size_t> numbers;
  for (const auto& s : d.scenarios)
    for (const auto& r : s.results)
      if (!r.runs.empty()) numbers.push_back(r.runs.size());
  if (numbers.empty()) return {d.repeat, d.repeat};
  const auto [fewest, most] = std::minmax_element(numbers.begin(), numbers.end());
  return {*fewest, *most};
}

// "93.8 %", or "93.0 % or more" for some numbers of runs.
std::string level_of(std::size_t fewest, std::size_t most) {
  double least = 1;
  for (auto runs = fewest; runs <= most; ++runs)
    least = std::min(least, estimate_median(std::vector<double>(runs)).level);
  return fmt::format("{:.1f} %{}", 100 * least, fewest == most ? "" : " or more");
}

// Explains the columns.
std::string about_the_columns(const document& d) {
  std::string text = "Samples: replies of a run. 1st reply: the time to connect, and from when its message was due";
  const bool some_have_pids =
      std::any_of(d.contestants.begin(), d.contestants.end(), [](const contestant_info& c) { return c.pid > 0; });
  const std::string of_processes =
      "CPU for each reply (and what share of it in user space), threads and resident memory "
      "of a running server are those of its process and the descendants of that. ";
  if (some_have_pids) text = of_processes + text;
  if (!d.starts_servers()) return text + ".";
  return "CPU (and what share of it in user space), context switches for each reply, threads and resident memory are "
         "the server's; of all: what all did on its processors. " +
         text + "; accept: from the kernel's connection to the server's.";
}

std::string how_to_read(const document& d) {
  const auto [fewest, most] = numbers_of_runs(d);
  std::string text = fmt::format("Medians of {} run{} of {} each",
      fewest == most ? fmt::format("{}", most) : fmt::format("{} to {}", fewest, most), most == 1 ? "" : "s",
      time_of(1e6 * d.duration_s));
  if (most > 1)
    text += fmt::format(", and an interval that holds the true one with a probability of {}", level_of(fewest, most));
  text += ". ";
  if (d.contestants.size() > 1)
    text +=
        fmt::format("*: best; =: not worse by more than {:.3g} %, or not significantly so (Welch's test, with Holm's "
                    "correction for all comparisons, 5 %). ",
            100 * d.margin);
  text += "!, unserved: clients without a single reply. ≥: at least; the load tool was the limit. >: at least; the "
          "replies were not waited for any longer. " +
          about_the_columns(d) + " –: not known, or a percentile with fewer than ten replies beyond it.";
  const bool compares_latency = std::any_of(d.scenarios.begin(), d.scenarios.end(),
      [](const scenario_results& s) { return !about_the_added_latency(s).empty(); });
  if (compares_latency) text += " Adds, saves: the median of the differences in each round, and its interval.";
  const bool some_unknown = std::any_of(d.contestants.begin(), d.contestants.end(),
      [](const contestant_info& c) { return !c.endpoint.empty() && c.pid == 0; });
  if (some_unknown)
    text += " Costs of a server not started by this program are unknown without its process: --against "
            "NAME=ENDPOINT,pid=N.";
  if (d.repeated_runs > 0)
    text += fmt::format(" {} run{} made once more, because others had the processors.", d.repeated_runs,
        d.repeated_runs == 1 ? " was" : "s were");
  const bool some_shared = std::any_of(d.scenarios.begin(), d.scenarios.end(),
      [](const scenario_results& s) { return !s.server_cpus.empty() && s.server_cpus == s.tool_cpus; });
  if (some_shared) text += " Where the server had all processors, the load tool took its share of them.";
  const bool said_as_a_verdict = d.scenarios.size() > 1;
  if (d.server_cpus.empty() && d.starts_servers() && !said_as_a_verdict)
    text += " There was only one processor to be had: the servers shared it with the load.";
  return text;
}

} // namespace

std::string as_text(const document& d, std::size_t width) {
  std::string text;
  for (const auto& s : d.scenarios)
    text += as_text(s, d.starts_servers(), width) + "\n";
  for (const auto& s : d.stories)
    text += as_text(s, width) + "\n";
  if (d.scenarios.size() > 1) {
    text += overview(d, width) + "\n";
    for (const auto& sentence : d.verdicts)
      text += sentences(sentence, width) + "\n";
    text += "\n";
  }
  if (!d.scenarios.empty()) text += sentences(how_to_read(d), width) + "\n";
  for (const auto& warning : d.warnings)
    text += sentences(warning, width) + "\n";
  return text;
}

} // namespace revecho::compare
