// Runs programs under special conditions: from a shell or on a terminal; and lists other processes. Knows no
// test framework.
#pragma once

#include "tests/support/process.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace revecho::test {

/// The name under which process finds a program that is not in the build directory.
std::string program_at(const std::string& absolute_path);

/// The name and the arguments of a shell that does something and then becomes `program`, which is in the build
/// directory or an absolute path.
extern const std::string shell;
std::vector<std::string> shell_arguments(
    const std::string& script, const std::string& program, const std::vector<std::string>& arguments);

/// Words that load a library into the program, for the script of such a shell.
std::string loading(const std::string& library);

outcome run_in_shell(const std::string& script, const std::string& program, const std::vector<std::string>& arguments);

/// The bytes that a program writes to a terminal. `environment`: as for env(1). `columns`: the width that the terminal
/// reports; 0: it reports none.
std::string show_on_terminal(const std::vector<std::string>& environment, const std::string& program,
    const std::vector<std::string>& arguments, unsigned short columns = 0);

/// The lines in those bytes, including each state of a live line.
std::vector<std::string> lines_shown(const std::string& on_terminal);

/// All processes with that text on their command line, except ended ones.
std::vector<pid_t> processes_with(const std::string& text);

std::size_t sockets_of(pid_t);

} // namespace revecho::test
