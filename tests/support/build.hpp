// Where the build has put what the tests start and load. Knows no processes.
#pragma once

#include <string>

namespace revecho::test {

/// The folder of the programs.
std::string program_directory();

/// A library that a test loads into a program: "clock_steps", "failing_memory_library", "handled_signal",
/// "no_detaching" or "scripted_names".
std::string library_path(const std::string& name);

} // namespace revecho::test
