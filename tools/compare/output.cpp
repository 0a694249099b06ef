#include "tools/compare/output.hpp"

#include "shared/process/format.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace revecho::compare {
namespace {

constexpr std::size_t width = 118; // of sentences

// Behind the censored share of all latencies a percentile is only known to be at least that.
std::string latency(const result& r, metric m, double percent) {
  if (!r.knows(m)) return "–";
  const bool at_least = percent > 100 * (1 - r.median(metric::censored));
  return fmt::format("{}{}", at_least ? ">" : "", time_of(r.median(m)));
}

std::string if_known(const result& r, metric m, std::string (*format)(double)) {
  return r.knows(m) ? format(r.median(m)) : "–";
}

std::string short_number(double value) { return value < 10 ? fmt::format("{:.2f}", value) : format_count(value); }

std::string whole(double value) { return fmt::format("{:.0f}", value); }

std::string user_share(const result& r) {
  const double all = r.median(metric::cpu_us);
  const bool known = r.knows(metric::cpu_user_us) && all > 0;
  return known ? fmt::format("{:.0f} %", 100 * r.median(metric::cpu_user_us) / all) : "–";
}

std::string mark_of(const result& r, const verdict& v) {
  if (r.contestant == v.winner) return "*";
  return v.tied.size() > 1 && std::find(v.tied.begin(), v.tied.end(), r.contestant) != v.tied.end() ? "=" : "";
}

std::string interval(const result& r) {
  const auto e = estimate_median(r.all(metric::rate));
  return fmt::format("{}-{}", format_count(e.low), format_count(e.high));
}

std::string as_text(const scenario_results& s) {
  table rows({{"", table::align::left}, {"server", table::align::left}, {"replies/s"}, {"interval"}, {"p50"}, {"p99"},
      {"max"}, {"unserved"}, {"CPU/reply"}, {"user"}, {"switches"}, {"threads"}, {"memory"}, {"per conn."}});
  for (const auto& r : s.results) {
    if (r.runs.empty()) {
      rows.add_row(
          {"", r.contestant, r.failure.empty() ? "not run" : "failed", "", "", "", "", "", "", "", "", "", "", ""});
      continue;
    }
    rows.add_row({mark_of(r, s.verdict), r.contestant, rate_of(r), interval(r), latency(r, metric::p50_us, 50),
        latency(r, metric::p99_us, 99), latency(r, metric::max_us, 100), if_known(r, metric::unserved, whole),
        if_known(r, metric::cpu_us, time_of), user_share(r), if_known(r, metric::context_switches, short_number),
        if_known(r, metric::threads, whole), if_known(r, metric::peak_memory_bytes, format_size),
        if_known(r, metric::memory_per_connection_bytes, format_size)});
  }
  return fmt::format("{}\n\n{}\n{}\n", s.name, rows.text(), wrapped(s.verdict.text, width));
}

std::string as_text(const timed_story& story) {
  table rows({{"", table::align::left}, {"time"}, {"interval"}, {"runs"}});
  for (const auto& row : story.rows) {
    if (row.seconds.empty()) {
      rows.add_row({row.label, "–", "–", "0"});
      continue;
    }
    const auto e = estimate_median(row.seconds);
    const auto spread = fmt::format("{}-{} ({:.0f} %)", time_of(1e6 * e.low), time_of(1e6 * e.high), 100 * e.level);
    rows.add_row({row.label, time_of(1e6 * e.median), spread, std::to_string(row.seconds.size())});
  }
  return fmt::format("{}\n{}\n\n{}", story.title, wrapped(story.text, width), rows.text());
}

// All scenarios in one table: replies a second.
std::string overview(const document& d) {
  std::vector<table::column> columns{{"replies/s, and who is best", table::align::left}};
  for (const auto& c : d.contestants)
    columns.push_back({c.name});
  table rows(columns);
  std::string group;
  for (const auto& s : d.scenarios) {
    if (!group.empty() && s.group != group) rows.add_gap();
    group = s.group;
    std::vector<std::string> cells{s.name};
    for (const auto& c : d.contestants) {
      const auto r =
          std::find_if(s.results.begin(), s.results.end(), [&](const result& one) { return one.contestant == c.name; });
      if (r == s.results.end() || r->runs.empty()) {
        cells.emplace_back("–  ");
        continue;
      }
      const auto mark = r->median(metric::unserved) > 0 ? "!" : mark_of(*r, s.verdict);
      cells.push_back(fmt::format("{} {:1}", rate_of(*r), mark));
    }
    rows.add_row(std::move(cells));
  }
  return rows.text();
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

std::string how_to_read(const document& d) {
  const bool some_unknown = std::any_of(
      d.contestants.begin(), d.contestants.end(), [](const contestant_info& c) { return !c.endpoint.empty(); });
  const auto [fewest, most] = numbers_of_runs(d);
  std::string text = fmt::format("Medians of {} run{} of {} each",
      fewest == most ? fmt::format("{}", most) : fmt::format("{} to {}", fewest, most), most == 1 ? "" : "s",
      time_of(1e6 * d.duration_s));
  if (most > 1)
    text += fmt::format(", and an interval that holds the true one with a probability of {}", level_of(fewest, most));
  text +=
      fmt::format(". *: best; =: not worse by more than {:.3g} %, or not significantly so (Welch's test, with Holm's "
                  "correction for all comparisons, 5 %); !, unserved: clients without a single reply. ",
          100 * d.margin);
  text += "≥: at least; the load tool was the limit. >: at least; the replies were not waited for any longer. CPU (and "
          "what share of it in user space), context switches for each reply, threads and resident memory are the "
          "server's. –: not known, or a percentile with fewer than ten replies beyond it.";
  if (some_unknown) text += " Costs are not known of servers that were not started here.";
  if (d.repeated_runs > 0)
    text += fmt::format(" {} run{} made once more, because the load tool was held up.", d.repeated_runs,
        d.repeated_runs == 1 ? " was" : "s were");
  const bool said_as_a_verdict = d.scenarios.size() > 1;
  if (d.server_cpus.empty() && !said_as_a_verdict)
    text += " There was only one processor to be had: the servers shared it with the load.";
  return text;
}

} // namespace

std::string as_text(const document& d) {
  std::string text;
  for (const auto& s : d.scenarios)
    text += as_text(s) + "\n";
  for (const auto& s : d.stories)
    text += as_text(s) + "\n";
  if (d.scenarios.size() > 1) {
    text += overview(d) + "\n";
    for (const auto& sentence : d.verdicts)
      text += wrapped(sentence, width) + "\n";
    text += "\n";
  }
  if (!d.scenarios.empty()) text += wrapped(how_to_read(d), width) + "\n";
  return text;
}

} // namespace revecho::compare
