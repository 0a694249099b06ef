// Stories that are told by how long something takes: our own clients with a handful of requests.
#pragma once

#include "tools/compare/results.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace revecho::compare {

/// How many runs a story takes for each repetition.
std::size_t runs_of_story(const std::string& name);

/// "five-requests" or "limit": `repeat` times, servers and clients on these processors. `begins` is told before each
/// run what comes. Ends early, also in mid-run, once `interrupted`. Throws std::runtime_error if a program fails.
timed_story tell_story(const std::string& name, unsigned repeat, const std::vector<int>& server_cpus,
    const std::vector<int>& client_cpus, const std::function<void(const std::string&)>& begins,
    const std::atomic<bool>& interrupted);

} // namespace revecho::compare
