#include "tools/compare/child.hpp"

#include "tools/compare/cpus.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace revecho::compare {
namespace {

// What has been made ready for a child, which may no longer ask for memory.
struct launch {
  const char* program;
  char* const* arguments;
  const char* log;
  const cpu_set_t* cpus; // null: any
  pid_t parent;
};

// Whoever is killed cannot stop its children.
void end_with_parent([[maybe_unused]] pid_t parent) noexcept {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(EXIT_FAILURE); // it was killed before that
#endif
}

bool redirect(int descriptor, const char* file, int mode) noexcept {
  const int opened = ::open(file, mode, 0600);
  if (opened < 0) return false;
  if (opened == descriptor) return true;
  const bool good = ::dup2(opened, descriptor) >= 0;
  ::close(opened);
  return good;
}

// Makes the new process the program; returns if it cannot. The child has no part in this program's signal handling:
// nothing is blocked or ignored there. And it has a group of its own: an interrupt at the terminal goes to this
// program, which then stops the server. As behind every fork() of a program with threads there are only calls that are
// safe in a signal handler.
void become(const launch& what) noexcept {
  end_with_parent(what.parent);
  sigset_t none;
  ::sigemptyset(&none);
  if (::setpgid(0, 0) == 0 && (what.cpus == nullptr || ::sched_setaffinity(0, sizeof *what.cpus, what.cpus) == 0) &&
      redirect(STDIN_FILENO, "/dev/null", O_RDONLY) && redirect(STDOUT_FILENO, "/dev/null", O_WRONLY) &&
      redirect(STDERR_FILENO, what.log, O_WRONLY | O_CREAT) && ::signal(SIGPIPE, SIG_DFL) != SIG_ERR &&
      ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0)
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

pid_t start_child(const std::string& program, std::vector<std::string> arguments, const std::filesystem::path& log,
    const std::vector<int>& cpus) {
  std::error_code unknown;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown) throw std::system_error(unknown, "cannot read /proc/self/exe");
  const auto path = self.parent_path() / program;
  arguments.insert(arguments.begin(), path.string());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  const cpu_set_t wanted = set_of(cpus);
  return spawn({.program = path.c_str(),
      .arguments = argv.data(),
      .log = log.c_str(),
      .cpus = cpus.empty() ? nullptr : &wanted,
      .parent = ::getpid()});
}

temporary_folder::temporary_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "revecho-compare.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::system_error(errno, std::system_category(), fmt::format("cannot make {}", pattern));
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string last_lines(const std::filesystem::path& path) {
  constexpr std::size_t most = 1000;
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() <= most ? text : "…" + text.substr(text.size() - most);
}

} // namespace revecho::compare
