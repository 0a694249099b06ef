#include "tools/compare/documents.hpp"

#include "tools/compare/estimate.hpp"
#include "tools/host_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <stdexcept>

namespace revecho::compare {
namespace {

using json = nlohmann::ordered_json;

constexpr int document_version = 1;

json cpus_json(const std::vector<int>& cpus) { return cpus.empty() ? json(nullptr) : json(cpus); }

std::vector<int> cpus_from(const json& j) { return j.is_null() ? std::vector<int>{} : j.get<std::vector<int>>(); }

json estimate_json(const std::vector<double>& values) {
  if (values.empty()) return nullptr;
  const auto e = estimate_median(values);
  return {{"median", e.median}, {"low", e.low}, {"high", e.high}, {"level", e.level}};
}

json added_json(const result& r) {
  if (r.added.empty()) return nullptr;
  json all{{to_string(metric::p50_us), nullptr}, {to_string(metric::p99_us), nullptr}};
  for (const auto& d : r.added)
    all[std::string(to_string(d.of))] = {{"median", d.by.median}, {"low", d.by.low}, {"high", d.by.high},
        {"level", d.by.level}, {"significant", d.is_significant}};
  return all;
}

json result_json(const result& r) {
  json summary = json::object();
  for (std::size_t m = 0; m < metrics; ++m)
    summary[std::string(to_string(static_cast<metric>(m)))] =
        r.knows(static_cast<metric>(m)) || static_cast<metric>(m) == metric::unserved
            ? estimate_json(r.all(static_cast<metric>(m)))
            : json();
  json runs = json::array();
  for (const auto& run : r.runs) {
    json figures = json::object();
    for (std::size_t m = 0; m < metrics; ++m)
      figures[std::string(to_string(static_cast<metric>(m)))] = run.values[m] ? json(*run.values[m]) : json(nullptr);
    runs.push_back(std::move(figures));
  }
  return {{"contestant", r.contestant}, {"failure", r.failure.empty() ? json(nullptr) : json(r.failure)},
      {"summary", std::move(summary)}, {"added", added_json(r)}, {"runs", std::move(runs)}};
}

result result_from(const json& j) {
  result r{j.at("contestant"), j.at("failure").is_null() ? "" : j.at("failure").get<std::string>(), {}};
  for (const auto& figures : j.at("runs")) {
    auto& run = r.runs.emplace_back();
    for (std::size_t m = 0; m < metrics; ++m) {
      const auto value = figures.find(std::string(to_string(static_cast<metric>(m)))); // older documents have not all
      if (value != figures.end() && !value->is_null()) run.values[m] = value->get<double>();
    }
  }
  return r;
}

json scenario_json(const scenario_results& s) {
  json results = json::array();
  for (const auto& r : s.results)
    results.push_back(result_json(r));
  const auto& v = s.verdict;
  return {{"name", s.name}, {"group", s.group}, {"clients", s.clients},
      {"delay", s.delay.empty() ? json(nullptr) : json(s.delay)}, {"size", s.size}, {"framing", s.framing},
      {"rate", s.rate > 0 ? json(s.rate) : json(nullptr)}, {"pipeline", s.pipeline},
      {"session", s.session.empty() ? json(nullptr) : json(s.session)}, {"half_close", s.half_close},
      {"server_cpus", cpus_json(s.server_cpus)}, {"tool_cpus", cpus_json(s.tool_cpus)},
      {"verdict", {{"winner", v.winner.empty() ? json(nullptr) : json(v.winner)}, {"tied", v.tied},
                      {"headline", v.headline}, {"text", v.text}}},
      {"baseline", s.baseline.empty() ? json(nullptr) : json(s.baseline)}, {"results", std::move(results)}};
}

scenario_results scenario_from(const json& j) {
  scenario_results s{j.at("name"), j.at("group"), j.at("clients"),
      j.at("delay").is_null() ? "" : j.at("delay").get<std::string>(), j.at("size"), j.at("framing"),
      j.at("rate").is_null() ? 0 : j.at("rate").get<double>(), {}, {}, {}, {}};
  s.pipeline = j.value("pipeline", s.pipeline); // older documents have none
  if (const auto session = j.find("session"); session != j.end() && session->is_string()) s.session = *session;
  s.half_close = j.value("half_close", false);
  for (const auto& r : j.at("results"))
    s.results.push_back(result_from(r));
  if (j.contains("server_cpus")) s.server_cpus = cpus_from(j["server_cpus"]);
  if (j.contains("tool_cpus")) s.tool_cpus = cpus_from(j["tool_cpus"]);
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

} // namespace

void to_json(json& j, const document& d) {
  json contestants = json::array();
  for (const auto& c : d.contestants) {
    json one{{"name", c.name}};
    one[c.endpoint.empty() ? "command" : "endpoint"] = c.endpoint.empty() ? c.command : c.endpoint;
    if (c.pid > 0) one["pid"] = c.pid;
    contestants.push_back(std::move(one));
  }
  json scenarios = json::array();
  for (const auto& s : d.scenarios)
    scenarios.push_back(scenario_json(s));
  json stories = json::array();
  for (const auto& s : d.stories)
    stories.push_back(story_json(s));
  j = {{"revecho_compare", document_version}, {"ok", d.ok}, {"interrupted", d.interrupted}, {"host", json(d.machine)},
      {"warnings", d.warnings},
      {"build", {{"version", d.build.version}, {"compiler", d.build.compiler}, {"type", d.build.type}}},
      {"config", {{"command", d.command}, {"repeat", d.repeat}, {"duration_s", d.duration_s}, {"margin", d.margin},
                     {"precision", d.precision > 0 ? json(d.precision) : json(nullptr)}, {"self_test", d.self_test},
                     {"started", d.started}, {"took_s", d.took_s}, {"repeated_runs", d.repeated_runs},
                     {"server_cpus", cpus_json(d.server_cpus)}, {"tool_cpus", cpus_json(d.tool_cpus)}}},
      {"verdicts", d.verdicts}, {"contestants", std::move(contestants)}, {"scenarios", std::move(scenarios)},
      {"stories", std::move(stories)}};
}

void from_json(const json& j, document& d) {
  if (!j.is_object() || j.value("revecho_compare", 0) != document_version)
    throw std::runtime_error(fmt::format("this is no document of revecho-compare, version {}", document_version));
  const auto& build = j.at("build");
  const auto& config = j.at("config");
  d.ok = j.at("ok");
  d.interrupted = j.value("interrupted", false);
  d.machine = j.at("host");
  d.warnings = j.value("warnings", d.warnings);
  d.build = {build.at("version"), build.at("compiler"), build.at("type")};
  d.command = config.at("command");
  d.repeat = config.at("repeat");
  d.duration_s = config.at("duration_s");
  d.margin = config.value("margin", d.margin);
  if (const auto precision = config.find("precision"); precision != config.end() && precision->is_number())
    d.precision = *precision;
  d.self_test = config.value("self_test", false);
  d.started = config.at("started");
  d.took_s = config.at("took_s");
  d.repeated_runs = config.value("repeated_runs", 0U); // older documents have none
  d.server_cpus = cpus_from(config.at("server_cpus"));
  d.tool_cpus = cpus_from(config.at("tool_cpus"));
  d.verdicts = j.at("verdicts").get<std::vector<std::string>>();
  for (const auto& c : j.at("contestants"))
    d.contestants.push_back({c.at("name"), c.value("command", ""), c.value("endpoint", ""), c.value("pid", 0)});
  for (const auto& s : j.at("scenarios"))
    d.scenarios.push_back(scenario_from(s));
  for (const auto& s : j.at("stories"))
    d.stories.push_back(story_from(s));
}

} // namespace revecho::compare
