// Programs of ours as children that log into a file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace revecho::compare {

/// Starts `program` of the folder that this program is in, on these processors only, or on any if there are none. What
/// it writes to stderr goes to the file `log`, its stdout to /dev/null. Throws std::system_error.
pid_t start_own_program(const std::string& program, std::vector<std::string> arguments,
    const std::filesystem::path& log, const std::vector<int>& cpus);

/// The end of a file: why a program failed is in its last lines.
std::string last_lines(const std::filesystem::path&);

} // namespace revecho::compare
