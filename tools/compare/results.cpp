#include "tools/compare/results.hpp"

#include "shared/process/format.hpp"
#include "shared/process/version.hpp"
#include "tools/compare/estimate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <stdexcept>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>

namespace revecho::compare {
namespace {

using json = nlohmann::ordered_json;

constexpr int version = 1;

constexpr std::array<std::string_view, metrics> metric_names{"rate", "replies", "mean_us", "p50_us", "p90_us", "p99_us",
    "p99_9_us", "p99_99_us", "max_us", "censored", "unserved", "wrong", "lost", "late", "tool_limited", "cpu_us",
    "cpu_user_us", "cpu_system_us", "context_switches", "threads", "peak_memory_bytes", "memory_per_connection_bytes"};

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) return line.substr(colon + 2);
  }
  return "unknown";
}

json estimate_json(const std::vector<double>& values) {
  if (values.empty()) return nullptr;
  const auto e = estimate_median(values);
  return {{"median", e.median}, {"low", e.low}, {"high", e.high}};
}

json result_json(const result& r) {
  json summary = json::object();
  for (std::size_t m = 0; m < metrics; ++m)
    summary[std::string(metric_names[m])] = estimate_json(r.all(static_cast<metric>(m)));
  json runs = json::array();
  for (const auto& run : r.runs) {
    json figures = json::object();
    for (std::size_t m = 0; m < metrics; ++m)
      figures[std::string(metric_names[m])] = run.values[m] ? json(*run.values[m]) : json(nullptr);
    runs.push_back(std::move(figures));
  }
  return {{"contestant", r.contestant}, {"failure", r.failure.empty() ? json(nullptr) : json(r.failure)},
      {"summary", std::move(summary)}, {"runs", std::move(runs)}};
}

result result_from(const json& j) {
  result r{j.at("contestant"), j.at("failure").is_null() ? "" : j.at("failure").get<std::string>(), {}};
  for (const auto& figures : j.at("runs")) {
    auto& run = r.runs.emplace_back();
    for (std::size_t m = 0; m < metrics; ++m) {
      const auto& value = figures.at(std::string(metric_names[m]));
      if (!value.is_null()) run.values[m] = value.get<double>();
    }
  }
  return r;
}

json scenario_json(const scenario_results& s) {
  json results = json::array();
  for (const auto& r : s.results)
    results.push_back(result_json(r));
  const auto& v = s.verdict;
  return {{"name", s.name}, {"group", s.group}, {"clients", s.clients}, {"delay", s.delay}, {"size", s.size},
      {"framing", s.framing}, {"rate", s.rate > 0 ? json(s.rate) : json(nullptr)},
      {"verdict", {{"winner", v.winner.empty() ? json(nullptr) : json(v.winner)}, {"tied", v.tied},
                      {"headline", v.headline}, {"text", v.text}}},
      {"results", std::move(results)}};
}

scenario_results scenario_from(const json& j) {
  scenario_results s{j.at("name"), j.at("group"), j.at("clients"), j.at("delay"), j.at("size"), j.at("framing"),
      j.at("rate").is_null() ? 0 : j.at("rate").get<double>(), {}, {}};
  for (const auto& r : j.at("results"))
    s.results.push_back(result_from(r));
  return s;
}

json story_json(const timed_story& story) {
  json rows = json::array();
  for (const auto& row : story.rows)
    rows.push_back({{"label", row.label}, {"seconds", estimate_json(row.seconds)}, {"runs", row.seconds}});
  return {{"name", story.name}, {"title", story.title}, {"text", story.text}, {"rows", std::move(rows)}};
}

timed_story story_from(const json& j) {
  timed_story story{j.at("name"), j.at("title"), j.at("text"), {}};
  for (const auto& row : j.at("rows"))
    story.rows.push_back({row.at("label"), row.at("runs").get<std::vector<double>>()});
  return story;
}

json cpus_json(const std::vector<int>& cpus) { return cpus.empty() ? json(nullptr) : json(cpus); }

std::vector<int> cpus_from(const json& j) { return j.is_null() ? std::vector<int>{} : j.get<std::vector<int>>(); }

template <class T>
auto find_named(std::vector<T>& all, const std::string& name, std::string T::*member) {
  return std::find_if(all.begin(), all.end(), [&](const T& one) { return one.*member == name; });
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

double result::median(metric m) const { return compare::median(all(m)); }

document document::here() {
  document d;
  utsname system{};
  ::uname(&system);
  d.host.kernel = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  d.host.cpu = cpu_model();
  d.host.cpus = std::thread::hardware_concurrency();
  d.host.memory_bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  d.build = {revecho::version, REVECHO_COMPILER, REVECHO_BUILD_TYPE};
  return d;
}

void to_json(json& j, const document& d) {
  json contestants = json::array();
  for (const auto& c : d.contestants) {
    json one{{"name", c.name}};
    one[c.endpoint.empty() ? "command" : "endpoint"] = c.endpoint.empty() ? c.command : c.endpoint;
    contestants.push_back(std::move(one));
  }
  json scenarios = json::array();
  for (const auto& s : d.scenarios)
    scenarios.push_back(scenario_json(s));
  json stories = json::array();
  for (const auto& s : d.stories)
    stories.push_back(story_json(s));
  j = {{"revecho_compare", version}, {"ok", d.ok},
      {"host", {{"kernel", d.host.kernel}, {"cpu", d.host.cpu}, {"cpus", d.host.cpus},
                   {"memory_bytes", d.host.memory_bytes}}},
      {"build", {{"version", d.build.version}, {"compiler", d.build.compiler}, {"type", d.build.type}}},
      {"config",
          {{"command", d.command}, {"repeat", d.repeat}, {"duration_s", d.duration_s}, {"started", d.started},
              {"took_s", d.took_s}, {"server_cpus", cpus_json(d.server_cpus)}, {"tool_cpus", cpus_json(d.tool_cpus)}}},
      {"verdicts", d.verdicts}, {"contestants", std::move(contestants)}, {"scenarios", std::move(scenarios)},
      {"stories", std::move(stories)}};
}

void from_json(const json& j, document& d) {
  if (!j.is_object() || j.value("revecho_compare", 0) != version)
    throw std::runtime_error(fmt::format("this is no document of revecho-compare, version {}", version));
  const auto& host = j.at("host");
  const auto& build = j.at("build");
  const auto& config = j.at("config");
  d.ok = j.at("ok");
  d.host = {host.at("kernel"), host.at("cpu"), host.at("cpus"), host.at("memory_bytes")};
  d.build = {build.at("version"), build.at("compiler"), build.at("type")};
  d.command = config.at("command");
  d.repeat = config.at("repeat");
  d.duration_s = config.at("duration_s");
  d.started = config.at("started");
  d.took_s = config.at("took_s");
  d.server_cpus = cpus_from(config.at("server_cpus"));
  d.tool_cpus = cpus_from(config.at("tool_cpus"));
  d.verdicts = j.at("verdicts").get<std::vector<std::string>>();
  for (const auto& c : j.at("contestants"))
    d.contestants.push_back({c.at("name"), c.value("command", ""), c.value("endpoint", "")});
  for (const auto& s : j.at("scenarios"))
    d.scenarios.push_back(scenario_from(s));
  for (const auto& s : j.at("stories"))
    d.stories.push_back(story_from(s));
}

std::vector<std::string> differences(const document& a, const document& b) {
  std::vector<std::string> found;
  const auto check = [&](const char* what, const auto& one, const auto& other) {
    if (one != other) found.push_back(fmt::format("{}: {} and {}", what, one, other));
  };
  check("kernel", a.host.kernel, b.host.kernel);
  check("CPU", a.host.cpu, b.host.cpu);
  check("number of CPUs", a.host.cpus, b.host.cpus);
  check("memory", a.host.memory_bytes, b.host.memory_bytes);
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

document joined(document a, const document& b) {
  const bool share_somebody = std::any_of(b.contestants.begin(), b.contestants.end(), [&](const contestant_info& c) {
    return find_named(a.contestants, c.name, &contestant_info::name) != a.contestants.end();
  });
  a.repeat = share_somebody || !a.stories.empty() ? a.repeat + b.repeat : std::max(a.repeat, b.repeat);
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
  a.command += "\n" + b.command;
  a.took_s += b.took_s;
  a.ok = a.ok && b.ok;
  return a;
}

} // namespace revecho::compare
