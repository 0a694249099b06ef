#include "tools/child.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace revecho {
namespace {

// Everything prepared for a child, which may no longer allocate.
struct launch {
  const char* program;
  char* const* arguments;
  std::array<int, 3> streams; // -1: /dev/null
  const cpu_set_t* cpus;      // null: any
  pid_t parent;
};

// A parent that is killed cannot stop its children.
void end_with_parent([[maybe_unused]] pid_t parent) noexcept {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(EXIT_FAILURE); // it was killed before that
#endif
}

// Its own stream, from the parent's descriptor or from /dev/null.
bool redirect(int stream, int from) noexcept {
  if (from < 0) from = ::open("/dev/null", stream == STDIN_FILENO ? O_RDONLY : O_WRONLY);
  if (from < 0) return false;
  return from == stream ? ::fcntl(stream, F_SETFD, 0) == 0 : ::dup2(from, stream) >= 0;
}

// Makes the new process the program; returns if it cannot. The child takes no part in this program's signal handling:
// it blocks none. As after every fork() of a program with threads, only calls that are safe in a signal handler follow.
void become(const launch& what) noexcept {
  end_with_parent(what.parent);
  sigset_t none;
  ::sigemptyset(&none);
  if (::setpgid(0, 0) != 0) return;
  if (what.cpus != nullptr && ::sched_setaffinity(0, sizeof *what.cpus, what.cpus) != 0) return;
  for (int stream = 0; stream < 3; ++stream)
    if (!redirect(stream, what.streams[static_cast<std::size_t>(stream)])) return;
  if (::signal(SIGPIPE, SIG_DFL) == SIG_ERR || ::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return;
  ::execv(what.program, what.arguments);
}

// Why the child could not become the program; 0 if it has. The pipe is closed by execv().
int failure_from(int pipe) noexcept {
  int error = 0;
  while (::read(pipe, &error, sizeof error) < 0 && errno == EINTR)
    ;
  return error;
}

pid_t spawn(const launch& what) {
  const auto fail = [&](int error) {
    throw std::system_error(error, std::system_category(), fmt::format("cannot run {}", what.program));
  };
  std::array<int, 2> failure{};
  if (::pipe2(failure.data(), O_CLOEXEC) != 0) fail(errno);
  const pid_t process = ::fork();
  if (process == 0) {
    become(what);
    const int error = errno;
    static_cast<void>(::write(failure[1], &error, sizeof error) < 0); // then it has just failed
    ::_exit(EXIT_FAILURE);
  }
  int error = process < 0 ? errno : 0;
  ::close(failure[1]);
  if (process > 0) error = failure_from(failure[0]);
  ::close(failure[0]);
  if (process > 0 && error != 0) ::waitpid(process, nullptr, 0);
  if (error != 0) fail(error);
  return process;
}

} // namespace

pid_t start_child(const std::filesystem::path& program, std::vector<std::string> arguments, const child_setup& setup) {
  arguments.insert(arguments.begin(), program.string());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const int cpu : setup.cpus)
    CPU_SET(cpu, &cpus);
  return spawn({.program = program.c_str(),
      .arguments = argv.data(),
      .streams = {setup.input, setup.output, setup.errors},
      .cpus = setup.cpus.empty() ? nullptr : &cpus,
      .parent = ::getpid()});
}

std::size_t status_of(pid_t process, const std::string& name) {
  const auto path = fmt::format("/proc/{}/status", process);
  std::ifstream file(path);
  if (!file) throw std::system_error(errno, std::system_category(), fmt::format("cannot read {}", path));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name + ":")) continue;
    std::size_t value = 0;
    std::istringstream(line.substr(name.size() + 1)) >> value;
    return value;
  }
  return 0;
}

std::chrono::nanoseconds processor_time(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

temporary_folder::temporary_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "revecho.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::system_error(errno, std::system_category(), fmt::format("cannot make {}", pattern));
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

} // namespace revecho
