// The processors of this machine, and how they belong together.
#pragma once

#include <filesystem>
#include <vector>

namespace revecho {

struct processor {
  int number = 0;
  int node = 0; ///< of memory (NUMA)
  int socket = 0;
  int core = 0; ///< its first processor; processors of one core share it (SMT)

  bool shares_core_with(const processor& other) const noexcept { return core == other.core; }
};

/// Those with these numbers, as the system tells it below `root`; what it does not tell is taken for a core each, of
/// one socket and one node. In the order in which they belong together: by node, socket, core and number.
std::vector<processor> processors_of(const std::vector<int>& numbers, const std::filesystem::path& root = "/");

/// The numbers of those that this process may use.
std::vector<int> usable_processors();

} // namespace revecho
