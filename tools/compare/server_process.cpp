#include "tools/compare/server_process.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace revecho::compare {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_start = 10s;
constexpr auto longest_stop = 20s;
constexpr auto look_again = 2ms; // the port file appears and the process ends without telling

std::filesystem::path make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "revecho-compare.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::system_error(errno, std::system_category(), fmt::format("cannot make {}", pattern));
  return pattern;
}

// The end of what the server wrote: why it failed is in its last lines.
std::string last_lines(const std::filesystem::path& file) {
  constexpr std::size_t most = 1000;
  std::ifstream log(file);
  const std::string text{std::istreambuf_iterator<char>(log), {}};
  return text.size() <= most ? text : "…" + text.substr(text.size() - most);
}

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

server_process::server_process(const std::string& program, std::vector<std::string> arguments)
    : program_(program), folder_(make_folder()) {
  const auto port_file = folder_ / "port";
  arguments.insert(arguments.end(), {"--listen", "127.0.0.1:0", "--port-file", port_file.string()});
  process_ = spawn(
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / program, std::move(arguments), folder_ / "log");
  const auto deadline = std::chrono::steady_clock::now() + longest_start;
  while (!std::filesystem::exists(port_file)) {
    int status = 0;
    if (has_ended(status)) fail("did not start");
    if (std::chrono::steady_clock::now() > deadline) fail("was not ready in 10 s");
    std::this_thread::sleep_for(look_again);
  }
  std::ifstream(port_file) >> address_.port;
}

server_process::~server_process() {
  int status = 0;
  if (!has_ended(status)) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, &status, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void server_process::stop() {
  int status = 0;
  if (has_ended(status)) fail("has ended by itself");
  ::kill(process_, SIGTERM);
  status = wait_until_ended(longest_stop);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("did not stop cleanly");
}

bool server_process::has_ended(int& status) {
  if (process_ > 0 && ::waitpid(process_, &status, WNOHANG) == process_) process_ = -1;
  return process_ < 0;
}

int server_process::wait_until_ended(std::chrono::nanoseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  int status = 0;
  while (!has_ended(status)) {
    if (std::chrono::steady_clock::now() > deadline) fail("did not stop in 20 s");
    std::this_thread::sleep_for(look_again);
  }
  return status;
}

void server_process::fail(const std::string& what) const {
  throw std::runtime_error(fmt::format("{} {}:\n{}", program_, what, last_lines(folder_ / "log")));
}

} // namespace revecho::compare
