#include "tests/support/environment.hpp"
#include "tests/support/build.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <pty.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace revecho::test {
namespace {

std::string path_of(const std::string& program) {
  return program.starts_with('/') ? program : program_directory() + "/" + program;
}

} // namespace

// Seen from wherever the build directory is.
std::string program_at(const std::string& absolute_path) {
  return "../../../../../../../../../../../.." + absolute_path;
}

const std::string shell = program_at("/bin/sh");

std::vector<std::string> shell_arguments(
    const std::string& script, const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> all{"-c", script + "; exec \"$0\" \"$@\"", path_of(program)};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

std::string loading(const std::string& library) {
  return "export LD_PRELOAD=" + library + " ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0";
}

outcome run_in_shell(const std::string& script, const std::string& program, const std::vector<std::string>& arguments) {
  return run(shell, shell_arguments(script, program, arguments));
}

std::string show_on_terminal(const std::vector<std::string>& environment, const std::string& program,
    const std::vector<std::string>& arguments, unsigned short columns) {
  std::vector<std::string> all{"env"};
  all.insert(all.end(), environment.begin(), environment.end());
  all.push_back(path_of(program));
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(all.size() + 1);
  for (auto& argument : all)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  int terminal = -1;
  winsize size{};
  size.ws_col = columns;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    ::execvp(argv.front(), argv.data());
    ::_exit(127);
  }
  std::string shown;
  std::array<char, 4096> bytes;
  for (ssize_t count = 0; (count = ::read(terminal, bytes.data(), bytes.size())) > 0;)
    shown.append(bytes.data(), static_cast<std::size_t>(count));
  ::close(terminal);
  ::waitpid(child, nullptr, 0);
  return shown;
}

std::vector<std::string> lines_shown(const std::string& on_terminal) {
  std::vector<std::string> lines(1);
  for (const char c : on_terminal) {
    if (c == '\r' || c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  std::erase(lines, std::string());
  return lines;
}

std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) continue;
    std::ifstream file(entry.path() / "cmdline");
    std::ostringstream command;
    command << file.rdbuf(); // which does not throw when the process ends meanwhile
    if (command.str().find(text) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

std::size_t sockets_of(pid_t process) {
  std::size_t count = 0;
  std::error_code gone;
  std::filesystem::directory_iterator files("/proc/" + std::to_string(process) + "/fd", gone);
  for (; files != std::filesystem::directory_iterator{}; files.increment(gone)) {
    const auto what = std::filesystem::read_symlink(files->path(), gone);
    if (what.string().starts_with("socket:")) ++count;
  }
  return count;
}

} // namespace revecho::test
