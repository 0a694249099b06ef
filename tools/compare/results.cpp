#include "tools/compare/results.hpp"

#include "shared/process/format.hpp"
#include "shared/process/version.hpp"
#include "tools/compare/estimate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace revecho::compare {
namespace {

constexpr std::array<std::string_view, metrics> metric_names{"rate", "replies", "drift", "mean_us", "p50_us", "p90_us",
    "p99_us", "p99_9_us", "p99_99_us", "max_us", "first_reply_p50_us", "first_reply_p99_us", "first_reply_max_us",
    "first_reply_censored", "accept_p50_us", "accept_p99_us", "accept_max_us", "censored", "unserved", "wrong", "lost",
    "late", "tool_limited", "cpu_us", "cpu_user_us", "cpu_system_us", "processor_us", "processor_user_us",
    "processor_system_us", "processor_irq_us", "processor_softirq_us", "processor_steal_us", "disturbed",
    "context_switches", "threads", "loops", "busiest_loop_share", "busiest_loop_connections", "peak_memory_bytes",
    "memory_per_connection_bytes"};

template <class T>
auto find_named(std::vector<T>& all, const std::string& name, std::string T::*member) {
  return std::find_if(all.begin(), all.end(), [&](const T& one) { return one.*member == name; });
}

// Older documents do not tell, and some machines do not either.
template <class Check>
void check_frequencies(const host& a, const host& b, const Check& check) {
  const auto on_or_off = [](bool on) { return std::string(on ? "on" : "off"); };
  if (!a.governor.empty() && !b.governor.empty()) check("frequency governor", a.governor, b.governor);
  if (a.boost && b.boost) check("boost", on_or_off(*a.boost), on_or_off(*b.boost));
  if (a.cores > 0 && b.cores > 0) check("SMT", on_or_off(a.smt), on_or_off(b.smt));
}

} // namespace

std::string time_of(double microseconds) {
  return format_duration(std::chrono::nanoseconds{std::llround(microseconds * 1000)});
}

std::string_view to_string(metric m) noexcept { return metric_names[static_cast<std::size_t>(m)]; }

std::vector<double> result::all(metric m) const {
  std::vector<double> values;
  for (const auto& run : runs)
    if (const auto value = run[m]) values.push_back(*value);
  return values;
}

double result::median(metric m) const { return revecho::median(all(m)); }

std::string rate_of(const result& r) {
  return fmt::format("{}{}", r.is_limited_by_tool() ? "≥ " : "", format_count(r.median(metric::rate)));
}

bool document::starts_servers() const {
  return std::any_of(
      contestants.begin(), contestants.end(), [](const contestant_info& c) { return c.endpoint.empty(); });
}

bool document::has_running_servers() const {
  return std::any_of(
      contestants.begin(), contestants.end(), [](const contestant_info& c) { return !c.endpoint.empty(); });
}

document document::here() {
  document d;
  d.machine = host::here();
  d.warnings = warnings_about(d.machine);
  d.machine.kernel = fmt::format("{} {}", d.machine.kernel, d.machine.machine); // one text in the document
  d.build = {version, REVECHO_COMPILER, REVECHO_BUILD_TYPE};
  return d;
}

std::vector<std::string> differences(const document& a, const document& b) {
  std::vector<std::string> found;
  const auto check = [&](const char* what, const auto& one, const auto& other) {
    if (one != other) found.push_back(fmt::format("{}: {} and {}", what, one, other));
  };
  check("kernel", a.machine.kernel, b.machine.kernel);
  check("CPU", a.machine.cpu, b.machine.cpu);
  check("number of CPUs", a.machine.cpus, b.machine.cpus);
  check_frequencies(a.machine, b.machine, check);
  check("memory", a.machine.memory_bytes, b.machine.memory_bytes);
  check("version", a.build.version, b.build.version);
  check("compiler", a.build.compiler, b.build.compiler);
  check("build type", a.build.type, b.build.type);
  check("--duration", fmt::format("{} s", a.duration_s), fmt::format("{} s", b.duration_s));
  check("CPUs of the server", fmt::format("{}", a.server_cpus), fmt::format("{}", b.server_cpus));
  check("CPUs of the tool", fmt::format("{}", a.tool_cpus), fmt::format("{}", b.tool_cpus));
  const auto scenarios = [](const document& d) {
    std::vector<std::string> all;
    for (const auto& s : d.scenarios)
      all.push_back(fmt::format("{} ({}, {}, {}, {}/s)", s.name, s.size, s.framing, s.delay, s.rate));
    for (const auto& s : d.stories)
      all.push_back(s.name);
    return fmt::format("{}", fmt::join(all, "; "));
  };
  check("loads", scenarios(a), scenarios(b));
  for (const auto& one : a.contestants)
    for (const auto& other : b.contestants)
      if (one.name == other.name)
        check(("command of " + one.name).c_str(), one.command + one.endpoint, other.command + other.endpoint);
  return found;
}

std::vector<std::string> names_in_both(const document& a, const document& b) {
  std::vector<std::string> both;
  const auto add = [&both](const auto& some, const auto& others) {
    for (const auto& one : others)
      if (std::any_of(some.begin(), some.end(), [&](const auto& other) { return other.name == one.name; }))
        both.push_back(one.name);
  };
  add(a.contestants, b.contestants);
  add(a.stories, b.stories);
  return both;
}

document joined(document a, const document& b) {
  a.repeat = names_in_both(a, b).empty() ? std::max(a.repeat, b.repeat) : a.repeat + b.repeat;
  for (const auto& c : b.contestants)
    if (find_named(a.contestants, c.name, &contestant_info::name) == a.contestants.end()) a.contestants.push_back(c);
  for (std::size_t i = 0; i < a.scenarios.size(); ++i) {
    auto& results = a.scenarios[i].results;
    for (const auto& r : b.scenarios[i].results) {
      const auto same = find_named(results, r.contestant, &result::contestant);
      if (same == results.end()) {
        results.push_back(r);
      } else {
        same->runs.insert(same->runs.end(), r.runs.begin(), r.runs.end());
        if (same->failure.empty()) same->failure = r.failure;
      }
    }
  }
  for (std::size_t i = 0; i < a.stories.size(); ++i)
    for (std::size_t row = 0; row < std::min(a.stories[i].rows.size(), b.stories[i].rows.size()); ++row) {
      auto& runs = a.stories[i].rows[row].seconds;
      const auto& more = b.stories[i].rows[row].seconds;
      runs.insert(runs.end(), more.begin(), more.end());
    }
  for (const auto& warning : b.warnings)
    if (std::find(a.warnings.begin(), a.warnings.end(), warning) == a.warnings.end()) a.warnings.push_back(warning);
  a.command += "\n" + b.command;
  a.took_s += b.took_s;
  a.interrupted = a.interrupted || b.interrupted;
  a.repeated_runs += b.repeated_runs;
  a.ok = a.ok && b.ok;
  return a;
}

} // namespace revecho::compare
