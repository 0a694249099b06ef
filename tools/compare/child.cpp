#include "tools/compare/child.hpp"

#include "tools/compare/cpus.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <spawn.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace revecho::compare {
namespace {

// The child has no part in this program's signal handling: nothing is blocked or ignored there.
pid_t spawn(
    const std::filesystem::path& program, std::vector<std::string> arguments, const std::filesystem::path& log) {
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  sigset_t ignored_here;
  ::sigemptyset(&ignored_here);
  ::sigaddset(&ignored_here, SIGPIPE);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &ignored_here);
  // A group of its own: an interrupt at the terminal goes to this program, which then stops the server.
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  arguments.insert(arguments.begin(), program.string());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (auto& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t process = -1;
  const int error = ::posix_spawn(&process, program.c_str(), &files, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    throw std::system_error(error, std::system_category(), fmt::format("cannot run {}", program.string()));
  return process;
}

} // namespace

// Processors are inherited from the thread that starts a process, so a thread of its own starts it.
pid_t start_child(const std::string& program, std::vector<std::string> arguments, const std::filesystem::path& log,
    const std::vector<int>& cpus) {
  const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / program;
  pid_t process = -1;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      run_on(cpus);
      process = spawn(path, std::move(arguments), log);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return process;
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
