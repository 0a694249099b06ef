// Stories that are told by how long something takes: our own clients with a handful of requests.
#pragma once

#include "tools/compare/results.hpp"

#include <functional>
#include <string>
#include <vector>

namespace revecho::compare {

/// "five-requests" or "limit": `repeat` times, servers and clients on these processors. `goes_on` is asked before each
/// run, with what comes; the story ends early if it says no. Throws std::runtime_error if a program fails.
timed_story tell_story(const std::string& name, unsigned repeat, const std::vector<int>& server_cpus,
    const std::vector<int>& client_cpus, const std::function<bool(const std::string&)>& goes_on);

} // namespace revecho::compare
