// This machine, as results name it.
#pragma once

#include <cstddef>
#include <string>

namespace revecho {

struct host {
  std::string kernel;  ///< "Linux 6.1.0"
  std::string machine; ///< "x86_64"
  std::string cpu;     ///< the model; "unknown" if the system does not tell
  std::size_t cpus = 0;
  double memory_bytes = 0;

  static host here();
};

} // namespace revecho
