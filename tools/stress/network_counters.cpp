#include "tools/stress/network_counters.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace revecho::stress {

std::optional<std::uint64_t> retransmitted_segments() {
  std::ifstream snmp("/proc/net/snmp");
  return retransmitted_segments(snmp);
}

// Two lines begin with "Tcp:": names, and values in the same order.
std::optional<std::uint64_t> retransmitted_segments(std::istream& snmp) {
  std::string names;
  std::string values;
  for (std::string line; std::getline(snmp, line);)
    if (line.starts_with("Tcp: ")) (names.empty() ? names : values) = line;
  std::istringstream name_of(names);
  std::istringstream value_of(values);
  std::string name;
  for (std::string value; name_of >> name && value_of >> value;)
    if (name == "RetransSegs" && value.find_first_not_of("0123456789") == value.npos) return std::stoull(value);
  return std::nullopt;
}

} // namespace revecho::stress
