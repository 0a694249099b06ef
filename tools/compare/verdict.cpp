#include "tools/compare/verdict.hpp"

#include "shared/process/format.hpp"
#include "tools/compare/added_latency.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/compare/remarks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace revecho::compare {
namespace {

// At a fixed rate all that keep up give the same, and what differs is what it costs them.
metric judged_by(const scenario_results& s, const std::vector<const result*>& candidates) {
  if (s.rate <= 0) return metric::rate;
  for (const metric m : {metric::cpu_us, metric::p99_us, metric::p50_us})
    if (std::all_of(candidates.begin(), candidates.end(), [m](const result* r) { return r->knows(m); })) return m;
  return metric::mean_us;
}

std::string value_of(const result& r, metric m) {
  if (m == metric::rate) return rate_of(r) + " replies/s";
  const auto time = time_of(r.median(m));
  if (m == metric::cpu_us) return time + " of CPU a reply";
  return m == metric::mean_us ? time + " in the mean" : time + (m == metric::p99_us ? " at p99" : " at p50");
}

bool keeps_up(const result& r, const scenario_results& s) {
  return s.rate <= 0 || r.median(metric::rate) > 0.98 * s.rate;
}

bool did_all(const result& r, const scenario_results& s) { return r.median(metric::unserved) <= 0 && keeps_up(r, s); }

// Only those who did the whole job are compared, unless nobody did.
std::vector<const result*> comparable(const scenario_results& s) {
  std::vector<const result*> all;
  for (const auto& r : s.results)
    if (!r.runs.empty() && r.failure.empty() && r.median(metric::rate) > 0) all.push_back(&r);
  auto good = all;
  std::erase_if(good, [&](const result* r) { return !did_all(*r, s); });
  return good.empty() ? all : good;
}

std::string about_the_cost(const std::vector<const result*>& best) {
  std::string text;
  for (const auto* r : best)
    if (r->knows(metric::cpu_us))
      text += fmt::format("{}{} {}", text.empty() ? " CPU of the server a reply: " : ", ", r->contestant,
          time_of(r->median(metric::cpu_us)));
  return text.empty() ? text : text + ".";
}

// Of all pairs: which of them will be the best is not known beforehand.
void add_probabilities(const scenario_results& s, std::vector<double>& to) {
  const auto candidates = comparable(s);
  const metric m = judged_by(s, candidates);
  for (std::size_t i = 0; i < candidates.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      to.push_back(ratio_of(candidates[i]->all(m), candidates[j]->all(m)).probability);
  for (const auto& r : s.results)
    for (const auto& d : r.added)
      to.push_back(d.probability);
}

// Limits beyond which a difference counts.
struct criteria {
  double margin;
  double probability; // at most
};

enum class difference { none_significant, none_practical, real };

difference between(const ratio& better, const criteria& c) {
  const bool significant = better.probability <= c.probability;
  if (better.high <= 1 + c.margin || (significant && better.middle <= 1 + c.margin)) return difference::none_practical;
  return significant ? difference::real : difference::none_significant;
}

std::string with_interval(const ratio& r) { return fmt::format("{:.2f} ({:.2f}-{:.2f})", r.middle, r.low, r.high); }

verdict judge(const scenario_results& s, const criteria& c) {
  verdict v;
  auto candidates = comparable(s);
  if (candidates.empty()) {
    const bool was_measured = std::any_of(
        s.results.begin(), s.results.end(), [](const result& r) { return !r.runs.empty() || !r.failure.empty(); });
    v.headline = was_measured ? "Nobody answered anything." : "Not measured.";
    v.text = v.headline + about_the_failed(s);
    return v;
  }
  const metric m = judged_by(s, candidates);
  const bool more_is_better = m == metric::rate;
  std::stable_sort(candidates.begin(), candidates.end(), [&](const result* a, const result* b) {
    return more_is_better ? a->median(m) > b->median(m) : a->median(m) < b->median(m);
  });
  const result& best = *candidates.front();
  const result* next = nullptr; // the best of those that are worse
  ratio to_next;
  bool some_insignificant = false;
  bool some_unknown = false;
  std::vector<std::string> values;
  for (const auto* r : candidates) {
    const auto by = more_is_better ? ratio_of(best.all(m), r->all(m)) : ratio_of(r->all(m), best.all(m));
    const auto how = r == &best ? difference::none_practical : between(by, c);
    // One whose rate is a lower bound may be as good.
    const bool unknown = more_is_better && r != &best && r->is_limited_by_tool();
    if (how != difference::real || unknown) {
      v.tied.push_back(r->contestant);
      values.push_back(value_of(*r, m));
      some_insignificant = some_insignificant || how == difference::none_significant;
      some_unknown = some_unknown || unknown;
    } else if (next == nullptr) {
      next = r;
      to_next = by;
    }
  }
  if (v.tied.size() > 1) {
    v.text = some_unknown ? fmt::format("Nobody can be named the best of {} ({}): the load tool was the limit.",
                                listed(v.tied), listed(values))
             : some_insignificant
                 ? fmt::format("No significant difference between {} ({}).", listed(v.tied), listed(values))
                 : fmt::format("No practical difference between {} ({}): less than {:.3g} %.", listed(v.tied),
                       listed(values), 100 * c.margin);
    const bool can_show = std::all_of(candidates.begin(), candidates.end(),
        [&](const result* r) { return r->all(m).size() >= fewest_values_to_differ; });
    if (!can_show) v.text += fmt::format(" So few runs cannot show one: --repeat {} or more.", fewest_values_to_differ);
  } else if (candidates.size() == 1) {
    v.winner = best.contestant;
    const bool others_did_less = std::any_of(s.results.begin(), s.results.end(),
        [&](const result& r) { return r.failure.empty() && !r.runs.empty() && !did_all(r, s); });
    if (others_did_less && did_all(best, s))
      v.text = fmt::format("{} is the only one that {}: {}.", best.contestant,
          s.rate > 0 ? "kept up and served every client" : "served every client", values.front());
    else
      v.text = fmt::format("{}: {}.", best.contestant, values.front());
  } else {
    v.winner = best.contestant;
    if (more_is_better) {
      v.text = fmt::format("{} gives most: {}, {} times as many as {} ({}).", best.contestant, values.front(),
          with_interval(to_next), next->contestant, value_of(*next, m));
    } else {
      v.text = fmt::format("{} does it for least: {}; {} is next with {}, {} times as much.", best.contestant,
          values.front(), next->contestant, value_of(*next, m), with_interval(to_next));
    }
  }
  v.text += about_the_added_latency(s);
  v.headline = v.text;
  if (s.rate <= 0 && candidates.size() > 1) v.text += about_the_cost(candidates);
  v.text += about_the_starved(s);
  v.text += about_the_drifting(s);
  v.text += about_the_disturbed(s);
  v.text += about_the_idle(s);
  v.text += about_the_skewed(s);
  v.text += about_the_failed(s);
  for (const auto& r : s.results)
    if (!keeps_up(r, s) && !r.runs.empty())
      v.text += fmt::format(" {} did not keep up: {} replies/s.", r.contestant, format_count(r.median(metric::rate)));
  if (std::any_of(
          s.results.begin(), s.results.end(), [](const result& r) { return r.median(metric::tool_limited) > 0; }))
    v.text += fmt::format(
        " The load tool itself was at its limit, or was held up, in some runs: figures marked ≥ are lower bounds{}.",
        s.baseline.empty() ? "" : ", and it delayed replies");
  return v;
}

} // namespace

double imprecision(const scenario_results& s) {
  const auto candidates = comparable(s);
  const metric m = judged_by(s, candidates);
  double widest = 0;
  for (const auto* r : candidates) {
    const auto e = estimate_median(r->all(m));
    if (e.median > 0) widest = std::max(widest, (e.high - e.low) / 2 / e.median);
  }
  return widest;
}

void judge_all(document& all) {
  all.verdicts.clear();
  std::vector<double> probabilities;
  for (auto& s : all.scenarios) {
    if (all.has_running_servers()) measure_added_latency(s, comparable(s));
    add_probabilities(s, probabilities);
  }
  const criteria c{all.margin, significant_up_to(probabilities, level_of_significance(all.precision > 0))};
  std::map<std::string, const scenario_results*> largest; // of each group
  std::vector<std::string> order;
  for (auto& s : all.scenarios) {
    decide_added_latency(s, c.probability);
    s.verdict = judge(s, c);
    auto& found = largest[s.group];
    if (found == nullptr) order.push_back(s.group);
    if (found == nullptr || s.clients >= found->clients) found = &s;
  }
  for (const auto& group : order)
    all.verdicts.push_back(fmt::format("{}: {}", largest[group]->name, largest[group]->verdict.headline));
  if (all.self_test) all.verdicts.push_back(about_the_self_test(all));
  if (const auto starved = who_starves(all); !starved.empty()) all.verdicts.push_back(starved);
  if (const auto drift = about_the_rounds(all); !drift.empty()) all.verdicts.push_back(drift);
  for (const auto& story : all.stories) {
    std::vector<std::string> parts;
    for (const auto& row : story.rows)
      if (!row.seconds.empty()) parts.push_back(fmt::format("{}: {}", row.label, time_of(1e6 * median(row.seconds))));
    if (!parts.empty()) all.verdicts.push_back(fmt::format("{}: {}.", story.title, fmt::join(parts, "; ")));
  }
  if (!all.scenarios.empty() && all.server_cpus.empty() && all.starts_servers())
    all.verdicts.push_back("There was only one processor to be had: the servers shared it with the load tool.");
}

} // namespace revecho::compare
