// Which processors the server gets and which the load tool, so that none takes time from the other.
#pragma once

#include "tools/processors.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace revecho::compare {

struct cpu_split {
  std::vector<int> server; ///< both empty if there is only one processor to be had
  std::vector<int> tool;
  bool shared = false;      ///< both are all processors: too few are left for one of its own for the tool
  bool shares_core = false; ///< a core has processors of both
};

/// The processors this process may use: so many for the server, or half of them, and the rest for the tool. Whole cores
/// where there are several, and neighbors: a core's processors take time from each other, and another node's memory is
/// further away.
cpu_split split_cpus(std::optional<std::size_t> for_server = std::nullopt);

/// The same of these, which are in the order of processors_of(). Precondition: for_server is not more than there are.
cpu_split split(const std::vector<processor>& all, std::optional<std::size_t> for_server);

/// From here on the calling thread, and the threads and processes it starts, run on these only. Does nothing if there
/// are none. Throws std::system_error.
void run_on(const std::vector<int>& cpus);

} // namespace revecho::compare
