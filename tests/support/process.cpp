#include "tests/support/process.hpp"
#include "tests/support/build.hpp"

#include "tests/support/sanitizer.hpp"
#include "tools/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace revecho::test {
namespace {

using namespace std::chrono_literals;

// The two ends of a pipe, both closed in children.
struct pipe_ends {
  int reader = -1;
  int writer = -1;

  pipe_ends() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe2");
    reader = ends[0];
    writer = ends[1];
  }
};

// Appends what can be read; false at the end.
bool read_into(int descriptor, std::string& text, std::mutex& mutex) {
  std::array<char, 4096> bytes;
  const auto count = ::read(descriptor, bytes.data(), bytes.size());
  if (count <= 0) return count < 0 && errno == EINTR;
  const std::lock_guard lock(mutex);
  text.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

} // namespace

std::chrono::milliseconds patience() { return sanitized ? 60s : 20s; }

process::process(
    const std::string& program, const std::vector<std::string>& arguments, pipe_end of_stdout, pipe_end of_stderr) {
  static const auto ignored = std::signal(SIGPIPE, SIG_IGN); // a child that is gone must not end the tests
  static_cast<void>(ignored);
  const pipe_ends in;
  const pipe_ends out;
  const pipe_ends err;
  if (of_stdout == pipe_end::closed) ::close(out.reader);
  if (of_stderr == pipe_end::closed) ::close(err.reader);
  const auto path = program.starts_with('/') ? program : program_directory() + "/" + program;
  id_ = start_child(path, arguments, {.input = in.reader, .output = out.writer, .errors = err.writer, .cpus = {}});
  ::close(in.reader);
  ::close(out.writer);
  ::close(err.writer);
  input_ = in.writer;
  collector_ = std::thread([this, output = of_stdout == pipe_end::closed ? -1 : out.reader,
                               errors = of_stderr == pipe_end::closed ? -1 : err.reader] { collect(output, errors); });
}

process::~process() {
  signal(SIGKILL);
  collector_.join();
  close_input();
}

// Reads until both streams end, and then waits for the process itself.
void process::collect(int output, int errors) {
  std::array<pollfd, 2> streams{{{output, POLLIN, 0}, {errors, POLLIN, 0}}};
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    if (::poll(streams.data(), streams.size(), -1) < 0) continue;
    for (auto& stream : streams) {
      if (stream.fd < 0 || stream.revents == 0) continue;
      auto& text = &stream == streams.data() ? outcome_.output : outcome_.errors;
      if (read_into(stream.fd, text, mutex_)) continue;
      ::close(stream.fd);
      stream.fd = -1;
    }
    changed_.notify_all();
  }
  siginfo_t information{};
  while (::waitid(P_PID, static_cast<id_t>(id_), &information, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  const std::lock_guard lock(mutex_); // from reaping on, the id may be another's
  int status = 0;
  ::waitpid(id_, &status, 0);
  if (WIFEXITED(status)) outcome_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome_.signal = WTERMSIG(status);
  ended_ = true;
  changed_.notify_all();
}

std::string process::output() const {
  const std::lock_guard lock(mutex_);
  return outcome_.output;
}

std::string process::errors() const {
  const std::lock_guard lock(mutex_);
  return outcome_.errors;
}

void process::write_input(std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(input_, text.data(), text.size());
    if (count < 0) return; // it reads no more: its outcome says why
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void process::close_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

void process::signal(int number) {
  const std::lock_guard lock(mutex_);
  if (!ended_) ::kill(id_, number);
}

void process::wait_for_error_text(std::string_view text) {
  std::unique_lock lock(mutex_);
  const auto is_there = [&] { return outcome_.errors.find(text) != std::string::npos; };
  const bool in_time = changed_.wait_for(lock, patience(), [&] { return ended_ || is_there(); });
  if (!is_there())
    throw std::runtime_error(std::string(in_time ? "ended" : "hangs") + " before '" + std::string(text) +
                             "' stood on stderr, where there is: " + outcome_.errors);
}

outcome process::wait() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience(), [&] { return ended_; })) {
    ::kill(id_, SIGKILL);
    throw std::runtime_error("the process does not end; on stderr there is: " + outcome_.errors);
  }
  return outcome_;
}

outcome run(const std::string& program, const std::vector<std::string>& arguments, std::string_view input) {
  process child(program, arguments);
  child.write_input(input);
  child.close_input();
  return child.wait();
}

} // namespace revecho::test
