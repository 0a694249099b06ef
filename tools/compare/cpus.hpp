// Which processors the server gets and which the load tool, so that none takes time from the other.
#pragma once

#include <vector>

namespace revecho::compare {

struct cpu_split {
  std::vector<int> server; ///< both empty if there is only one processor to be had
  std::vector<int> tool;
};

/// The processors this process may use, in two halves.
cpu_split split_cpus();

/// From here on the calling thread, and the threads and processes it starts, run on these only. Does nothing if there
/// are none. Throws std::system_error.
void run_on(const std::vector<int>& cpus);

} // namespace revecho::compare
