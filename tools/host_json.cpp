#include "tools/host_json.hpp"

#include <nlohmann/json.hpp>

namespace revecho {
namespace {

using json = nlohmann::ordered_json;

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

template <class Value>
json or_null(const std::optional<Value>& value) {
  return value ? json(*value) : json();
}

template <class Value>
std::optional<Value> optional_in(const json& j, const char* name) {
  const auto found = j.find(name);
  return found == j.end() || found->is_null() ? std::nullopt : std::optional(found->get<Value>());
}

} // namespace

void to_json(json& j, const host& h) {
  j = {{"kernel", h.kernel}, {"machine", h.machine}, {"cpu", h.cpu}, {"cpus", h.cpus}, {"memory_bytes", h.memory_bytes},
      {"usable_cpus", h.usable_cpus}, {"cores", h.cores}, {"sockets", h.sockets}, {"nodes", h.nodes}, {"smt", h.smt},
      {"governor", text_or_null(h.governor)}, {"boost", or_null(h.boost)}, {"preemption", text_or_null(h.preemption)},
      {"virtual", h.is_virtual}, {"mitigations", h.mitigations}, {"cpu_quota", or_null(h.cpu_quota)},
      {"memory_limit_bytes", or_null(h.memory_limit_bytes)}, {"load", or_null(h.load)}, {"stolen", or_null(h.stolen)}};
}

void from_json(const json& j, host& h) {
  h.kernel = j.at("kernel");
  h.machine = j.value("machine", "");
  h.cpu = j.at("cpu");
  h.cpus = j.at("cpus");
  h.memory_bytes = j.at("memory_bytes");
  h.usable_cpus = j.value("usable_cpus", std::size_t{0});
  h.cores = j.value("cores", std::size_t{0});
  h.sockets = j.value("sockets", std::size_t{0});
  h.nodes = j.value("nodes", std::size_t{0});
  h.smt = j.value("smt", false);
  h.governor = optional_in<std::string>(j, "governor").value_or("");
  h.boost = optional_in<bool>(j, "boost");
  h.preemption = optional_in<std::string>(j, "preemption").value_or("");
  h.is_virtual = j.value("virtual", false);
  h.mitigations = j.value("mitigations", h.mitigations);
  h.cpu_quota = optional_in<double>(j, "cpu_quota");
  h.memory_limit_bytes = optional_in<double>(j, "memory_limit_bytes");
  h.load = optional_in<double>(j, "load");
  h.stolen = optional_in<double>(j, "stolen");
}

} // namespace revecho
