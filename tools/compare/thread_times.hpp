// How a server's processor time divides among its threads: event loops that share a port by SO_REUSEPORT get the
// connections that the kernel's hash gives them, and that is not always fair.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>

namespace revecho::compare {

/// Processor time of each thread so far, by its number.
using thread_times = std::map<int, std::chrono::nanoseconds>;

/// Of the threads that a process has now; `process` is its folder in /proc. Empty if the system does not tell.
thread_times thread_times_of(const std::filesystem::path& process);

/// The share of the busiest thread in what all spent in between; 1/N if N loops had equal shares and the other threads
/// nothing to do. Nothing if that is too little time to tell.
std::optional<double> busiest_share(const thread_times& before, const thread_times& after);

} // namespace revecho::compare
