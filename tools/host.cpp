#include "tools/host.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace revecho {
namespace {

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) return line.substr(colon + 2);
  }
  return "unknown";
}

} // namespace

host host::here() {
  utsname system{};
  ::uname(&system);
  return {std::string(system.sysname) + " " + system.release, system.machine, cpu_model(),
      std::thread::hardware_concurrency(),
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE))};
}

} // namespace revecho
