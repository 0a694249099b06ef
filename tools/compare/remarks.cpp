#include "tools/compare/remarks.hpp"

#include "shared/process/format.hpp"
#include "tools/compare/estimate.hpp"
#include "tools/trend.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace revecho::compare {
namespace {

// " (12-800)", if runs differ
std::string spread_of(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return *least < *most ? fmt::format(" ({:.0f}-{:.0f})", *least, *most) : "";
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

} // namespace

std::string listed(std::vector<std::string> names) {
  if (names.size() < 2) return fmt::format("{}", fmt::join(names, ""));
  const auto last = std::move(names.back());
  names.pop_back();
  return fmt::format("{} and {}", fmt::join(names, ", "), last);
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
  return fmt::format("A server can look fast by serving few: of {} clients {} in a run of {}; the others received no "
                     "reply.",
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

std::string about_the_idle(const scenario_results& s) {
  std::string text;
  for (const auto& r : s.results)
    if (r.knows(metric::cpu_us) && r.median(metric::cpu_us) <= 0)
      text += fmt::format(" The process of {} used no CPU time: is its pid that of the server?", r.contestant);
  return text;
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

// A single client keeps one loop busy, whoever it falls to.
std::string about_the_skewed(const scenario_results& s) {
  constexpr double noticeable = 1.2; // times as much as an even share
  std::string text;
  for (const auto& r : s.results) {
    const double loops = r.median(metric::loops);
    const double busiest = r.median(metric::busiest_loop_share);
    if (!r.knows(metric::busiest_loop_share) || static_cast<double>(s.clients) < loops || busiest * loops < noticeable)
      continue;
    text += fmt::format(" {}: its busiest loop used {:.0f} % of its CPU time", r.contestant, 100 * busiest);
    if (r.knows(metric::busiest_loop_connections))
      text +=
          fmt::format(", and one had {:.0f} % of the connections", 100 * r.median(metric::busiest_loop_connections));
    text += fmt::format("; {:.0f} % would be even.", 100 / loops);
  }
  return text;
}

// The trend of the means of all contestants over the rounds of a scenario, summed over scenarios: it shows the machine.
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

} // namespace revecho::compare
