#include "shared/process/program.hpp"

#include "shared/process/advice.hpp"
#include "shared/process/output.hpp"

#include <fmt/format.h>

#include <csignal>
#include <fcntl.h>
#include <new>
#include <system_error>
#include <unistd.h>

namespace revecho {
namespace {

// A descriptor of a standard stream that is closed would be given to the first socket or pipe, and the log would go
// there. Opened the wrong way round, so that who reads or writes still finds it unusable.
void occupy_standard_streams() noexcept {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

// What says so must not need memory.
void say_that_memory_is_exhausted(std::string_view program) noexcept {
  write_to_stderr(program);
  write_to_stderr(": out of memory\n");
}

const char* ending_program = ""; // which is to end when memory is exhausted

} // namespace

void reject_usage(std::string_view program, std::string_view reason) {
  write_to_stderr(fmt::format("{0}: {1}\n{0} --help says what is allowed\n", program, reason));
  throw early_exit{exit_usage};
}

int run_program(std::string_view name, const std::function<int()>& body) {
  occupy_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return body();
  } catch (const early_exit& exit) {
    return exit.code;
  } catch (const std::system_error& error) {
    const auto advice = advice_for(error.code());
    write_to_stderr(fmt::format("{}: {}{}{}\n", name, error.what(), advice.empty() ? "" : "; ", advice));
  } catch (const std::bad_alloc&) {
    say_that_memory_is_exhausted(name);
  } catch (const std::exception& error) {
    write_to_stderr(fmt::format("{}: {}\n", name, error.what()));
  }
  return exit_failure;
}

void end_when_memory_is_exhausted(const char* name) noexcept {
  ending_program = name;
  std::set_new_handler([] {
    say_that_memory_is_exhausted(ending_program);
    ::_exit(exit_failure);
  });
}

} // namespace revecho
