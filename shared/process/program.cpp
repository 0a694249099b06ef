#include "shared/process/program.hpp"

#include "shared/process/advice.hpp"
#include "shared/process/output.hpp"
#include "shared/process/stderr_queue.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <memory>
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

// As PID 1, in a container, a program is not ended by signals that it does not handle.
void end_by_signal(int signal) { ::_exit(128 + signal); }

// Undoes what the parent has set up: signals that it blocked stay blocked, and with SIGCHLD ignored nobody can wait for
// a child. A reader that is gone, and a file that has become too large (ulimit -f), are errors of write() instead.
void accept_signals() noexcept {
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGCHLD, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  if (::getpid() != 1) return;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    std::signal(signal, end_by_signal);
}

std::string_view program_name;

// What says so must not need memory.
void say_that_memory_is_exhausted() noexcept {
  write_to_stderr(program_name);
  write_to_stderr(": out of memory\n");
}

[[noreturn]] void end_for_want_of_memory() noexcept {
  say_that_memory_is_exhausted();
  stderr_queue::drain();
  ::_exit(exit_failure);
}

std::terminate_handler default_terminate = nullptr;

// Libraries allocate where nothing may be thrown: CLI11 2.4, for one, while options are declared.
[[noreturn]] void terminate() noexcept {
  try {
    if (const auto failure = std::current_exception()) std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    end_for_want_of_memory();
  } catch (...) { // a fault in the program, which the default tells of
  }
  stderr_queue::drain();
  default_terminate();
  std::abort();
}

// Without a queue, stderr is written to directly.
std::unique_ptr<stderr_queue> make_stderr_queue() {
  try {
    return std::make_unique<stderr_queue>();
  } catch (const std::exception&) {
    return nullptr;
  }
}

} // namespace

void reject_usage(std::string_view program, std::string_view reason) {
  write_to_stderr(fmt::format("{0}: {1}\n{0} --help says what is allowed\n", program, reason));
  throw early_exit{exit_usage};
}

int run_program(std::string_view name, const std::function<int()>& body) {
  program_name = name;
  default_terminate = std::set_terminate(terminate);
  occupy_standard_streams();
  accept_signals();
  const auto queue = make_stderr_queue();
  try {
    return body();
  } catch (const early_exit& exit) {
    return exit.code;
  } catch (const std::system_error& error) {
    const auto advice = advice_for(attempt::other, error.code());
    write_to_stderr(fmt::format("{}: {}{}{}\n", name, error.what(), advice.empty() ? "" : "; ", advice));
  } catch (const std::bad_alloc&) {
    say_that_memory_is_exhausted();
  } catch (const std::exception& error) {
    write_to_stderr(fmt::format("{}: {}\n", name, error.what()));
  }
  return exit_failure;
}

void end_when_memory_is_exhausted() noexcept { std::set_new_handler(end_for_want_of_memory); }

} // namespace revecho
