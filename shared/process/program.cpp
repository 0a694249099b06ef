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

// Otherwise the first socket or pipe would get the descriptor of a closed standard stream, and the log would go there.
// /dev/null is opened in the wrong direction, so that reads and writes still fail.
void occupy_standard_streams() noexcept {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

// The kernel does not end PID 1 (in a container) by signals that it does not handle.
void end_by_signal(int signal) { ::_exit(128 + signal); }

// Resets inherited signal state: a blocked mask survives exec, and with SIGCHLD ignored nobody can wait for a child.
// Ignoring SIGPIPE and SIGXFSZ turns a closed pipe and a file over `ulimit -f` into errors of write().
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

// Must not allocate.
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

// Libraries allocate inside noexcept functions: CLI11 2.4, for one, while options are declared.
[[noreturn]] void terminate() noexcept {
  try {
    if (const auto failure = std::current_exception()) std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    end_for_want_of_memory();
  } catch (...) { // a bug; the default handler reports it
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
