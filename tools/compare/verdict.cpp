#include "tools/compare/verdict.hpp"

#include "shared/process/format.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/trend.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace revecho::compare {
namespace {

std::string listed(std::vector<std::string> names) {
  if (names.size() < 2) return fmt::format("{}", fmt::join(names, ""));
  const auto last = std::move(names.back());
  names.pop_back();
  return fmt::format("{} and {}", fmt::join(names, ", "), last);
}

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

// " (12-800)", if runs differ
std::string spread_of(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return *least < *most ? fmt::format(" ({:.0f}-{:.0f})", *least, *most) : "";
}

std::string about_the_starved(const scenario_results& s) {
  std::string text;
  for (const auto& r : s.results) {
    const double unserved = r.median(metric::unserved);
    if (r.runs.empty() || unserved <= 0) continue;
    const auto served = static_cast<double>(s.clients) - unserved;
    if (served < 1) {
      text += fmt::format(" {} served nobody.", r.contestant);
    } else {
      text += fmt::format(
          " {} left {:.0f}{} of {} clients without a single reply; its {} replies/s are those of the {}.", r.contestant,
          unserved, spread_of(r.all(metric::unserved)), s.clients, format_count(r.median(metric::rate)),
          served < 2 ? "only one that it served" : fmt::format("{:.0f} that it served", served));
    }
  }
  return text;
}

// Of the scenario with the most clients, in one sentence: why the figures of those who serve few look good.
std::string who_starves(const document& all) {
  const auto most = std::max_element(all.scenarios.begin(), all.scenarios.end(),
      [](const scenario_results& a, const scenario_results& b) { return a.clients < b.clients; });
  if (most == all.scenarios.end()) return {};
  std::vector<std::string> parts;
  for (const auto& r : most->results)
    if (!r.runs.empty() && r.median(metric::unserved) > 0)
      parts.push_back(fmt::format(
          "{} served {:.0f}", r.contestant, static_cast<double>(most->clients) - r.median(metric::unserved)));
  if (parts.empty()) return {};
  return fmt::format("What looks fast may only be serving few: of {} clients {} in a run of {}, and the others did not "
                     "get a single reply.",
      most->clients, listed(parts), time_of(1e6 * all.duration_s));
}

std::string about_the_self_test(const document& all) {
  const auto differ = std::count_if(
      all.scenarios.begin(), all.scenarios.end(), [](const scenario_results& s) { return !s.verdict.winner.empty(); });
  return fmt::format("Self-test: one server under two names differed in {} of {} comparisons. By chance alone one page "
                     "of twenty may show any.",
      differ, all.scenarios.size());
}

// Why is in the first line; the rest, such as a log, has been shown when it happened.
std::string about_the_failed(const scenario_results& s) {
  std::string text;
  for (const auto& r : s.results) {
    if (r.failure.empty()) continue;
    auto reason = r.failure.substr(0, r.failure.find('\n'));
    reason.erase(reason.find_last_not_of(":. ") + 1);
    text += fmt::format(" {} failed: {}.", r.contestant, reason);
  }
  return text;
}

std::string about_the_cost(const std::vector<const result*>& best) {
  std::string text;
  for (const auto* r : best)
    if (r->knows(metric::cpu_us))
      text += fmt::format("{}{} {}", text.empty() ? " CPU of the server a reply: " : ", ", r->contestant,
          time_of(r->median(metric::cpu_us)));
  return text.empty() ? text : text + ".";
}

// Geometric, over the contestants that have been in all rounds.
std::vector<double> means_of_rounds(const scenario_results& s) {
  std::size_t rounds = 0;
  for (const auto& r : s.results)
    rounds = std::max(rounds, r.all(metric::rate).size());
  std::vector<double> logarithms(rounds);
  double contestants = 0;
  for (const auto& r : s.results) {
    const auto rates = r.all(metric::rate);
    if (rates.size() < rounds || std::any_of(rates.begin(), rates.end(), [](double rate) { return rate <= 0; }))
      continue;
    ++contestants;
    for (std::size_t i = 0; i < rounds; ++i)
      logarithms[i] += std::log(rates[i]);
  }
  if (contestants == 0) return {};
  for (auto& value : logarithms)
    value = std::exp(value / contestants);
  return logarithms;
}

std::string about_the_disturbed(const scenario_results& s) {
  std::size_t disturbed = 0;
  std::size_t runs = 0;
  for (const auto& r : s.results)
    for (const double one : r.all(metric::disturbed)) {
      ++runs;
      if (one > 0) ++disturbed;
    }
  return disturbed == 0 ? "" : fmt::format(" Others used the servers' processors in {} of {} runs.", disturbed, runs);
}

std::string about_the_drifting(const scenario_results& s) {
  std::string text;
  for (const auto& r : s.results) {
    const double drift = r.median(metric::drift);
    if (!r.runs.empty() && drift != 0)
      text += fmt::format(" The rate of {} {} by {:.0f} % within its runs: that is no steady state.", r.contestant,
          drift > 0 ? "rose" : "fell", 100 * std::abs(drift));
  }
  return text;
}

// The means of all contestants, round by round, each scenario compared with itself. What is said is about the machine.
std::string about_the_rounds(const document& all) {
  constexpr double one_in_a_hundred = 2.58; // deviations
  trend sum;
  std::vector<double> changes;
  for (const auto& s : all.scenarios) {
    const auto means = means_of_rounds(s);
    if (means.size() < fewest_values_to_differ) continue;
    sum += trend_of(means);
    changes.push_back(change_between_halves(means));
  }
  const double change = median(changes);
  if (std::abs(sum.z()) < one_in_a_hundred || std::abs(change) < all.margin / 2) return {};
  return fmt::format("Later rounds were {:.1f} % {} than earlier ones, which is not chance: something changed in this "
                     "machine while it was measured. It met all contestants alike.",
      100 * std::abs(change), change > 0 ? "faster" : "slower");
}

// Of all pairs: which of them will be the best is not known beforehand.
void add_probabilities(const scenario_results& s, std::vector<double>& to) {
  const auto candidates = comparable(s);
  const metric m = judged_by(s, candidates);
  for (std::size_t i = 0; i < candidates.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      to.push_back(ratio_of(candidates[i]->all(m), candidates[j]->all(m)).probability);
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
  v.headline = v.text;
  if (s.rate <= 0 && candidates.size() > 1) v.text += about_the_cost(candidates);
  v.text += about_the_starved(s);
  v.text += about_the_drifting(s);
  v.text += about_the_disturbed(s);
  v.text += about_the_failed(s);
  for (const auto& r : s.results)
    if (!keeps_up(r, s) && !r.runs.empty())
      v.text += fmt::format(" {} did not keep up: {} replies/s.", r.contestant, format_count(r.median(metric::rate)));
  if (std::any_of(
          s.results.begin(), s.results.end(), [](const result& r) { return r.median(metric::tool_limited) > 0; }))
    v.text += " The load tool itself was at its limit, or was held up, in some runs: where ≥ stands, the server may be "
              "capable of more.";
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
  for (const auto& s : all.scenarios)
    add_probabilities(s, probabilities);
  const criteria c{all.margin, significant_up_to(probabilities, 0.05)};
  std::map<std::string, const scenario_results*> largest; // of each group
  std::vector<std::string> order;
  for (auto& s : all.scenarios) {
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
  if (!all.scenarios.empty() && all.server_cpus.empty())
    all.verdicts.push_back("There was only one processor to be had: the servers shared it with the load tool.");
}

} // namespace revecho::compare
