// Exit codes, error handling and closed standard streams, shared by all programs.
// Knows no program, and no options.
#pragma once

#include <functional>
#include <string_view>

namespace revecho {

/// Exit codes of every program.
inline constexpr int exit_success = 0;
inline constexpr int exit_failure = 1; ///< the work failed
inline constexpr int exit_usage = 2;   ///< unknown option or bad value; nothing was started
inline constexpr int exit_interrupted =
    130; ///< a tool was told to stop before its work was done; it reports what it has

/// Thrown when a program has said all there is to say (--help, a bad option) and should end.
struct early_exit {
  int code;
};

/// A usage error that only shows once all options are known: says it like parse_command_line() does, and throws.
[[noreturn]] void reject_usage(std::string_view program, std::string_view reason);

/// Runs a program: no signal blocked, SIGPIPE ignored, as PID 1 ended by the signals that end others, standard streams
/// that are closed occupied, and what is thrown turned into a message on stderr and an exit code, std::bad_alloc even
/// where it may not be thrown. `name` is kept.
int run_program(std::string_view name, const std::function<int()>& body);

/// Called in the body of a program that has nothing to save, and threads that could only leave each other waiting: from
/// now on it ends at once when memory is exhausted, in whichever thread, as if run_program() had caught std::bad_alloc.
void end_when_memory_is_exhausted() noexcept;

} // namespace revecho
