// The record of this machine in results, and warnings about conditions that spoil measurements.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace revecho {

/// Texts are empty, and numbers not there, where the system does not tell.
struct host {
  std::string kernel;  ///< "Linux 6.1.0"
  std::string machine; ///< "x86_64"
  std::string cpu;     ///< the model; "unknown" if the system does not tell
  std::size_t cpus = 0;
  double memory_bytes = 0;

  std::size_t usable_cpus = 0; ///< of these, by this process
  std::size_t cores = 0;       ///< that these are on
  std::size_t sockets = 0;
  std::size_t nodes = 0;                          ///< of memory (NUMA)
  bool smt = false;                               ///< do some of them share a core?
  std::string governor;                           ///< of the frequency: "performance", "powersave"
  std::optional<bool> boost;                      ///< may the frequency rise while others are idle?
  std::string preemption;                         ///< "PREEMPT_DYNAMIC", of the kernel
  bool is_virtual = false;                        ///< a virtual machine
  std::map<std::string, std::string> mitigations; ///< by vulnerability, those that the CPU has
  std::optional<double> cpu_quota;                ///< processors' worth of time, by control groups
  std::optional<double> memory_limit_bytes;       ///< the same of memory
  std::optional<double> load;                     ///< of the last minute, when this was read
  std::optional<double> stolen;                   ///< share of their time that others had, since the machine started

  /// Of this process, now.
  static host here();
};

/// Reads the files below `root`, for a process that may use these processors. Leaves fields empty that come from system
/// calls.
host host_of(const std::filesystem::path& root, const std::vector<int>& usable);

/// A sentence for each thing that makes figures of this machine vary or deceive, and what to do about it.
std::vector<std::string> warnings_about(const host&);

} // namespace revecho
