#include "shared/process/output.hpp"

#include "shared/process/signals.hpp"
#include "shared/process/stderr_queue.hpp"
#include "shared/process/waiting.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace revecho {
namespace {

constexpr int look_for_signal = 50; // milliseconds

bool is_pipe(int descriptor) noexcept {
  struct stat file {};
  return ::fstat(descriptor, &file) == 0 && S_ISFIFO(file.st_mode);
}

// Waits as long as it takes for a slow reader; after a stop signal, for 50 ms.
bool wait_for_reader(int descriptor) noexcept {
  for (bool stopping = false;; stopping = stop_signals::have_come()) {
    pollfd stream{descriptor, POLLOUT, 0};
    const int count = ::poll(&stream, 1, look_for_signal);
    if (count != 0) return true; // after an error, too: then writing fails
    if (!stopping) continue;
    errno = ECANCELED;
    return false;
  }
}

} // namespace

void write_to_stdout(std::string_view text) {
  stderr_queue::drain();
  write_all(STDOUT_FILENO, text, "to stdout");
}

void write_all(int descriptor, std::string_view text, const std::string& name) {
  // A pipe that is ready takes as much without blocking.
  const std::size_t most = is_pipe(descriptor) ? PIPE_BUF : text.size();
  while (!text.empty()) {
    const bool ready = wait_for_reader(descriptor);
    const auto written = ready ? ::write(descriptor, text.data(), std::min(text.size(), most)) : -1;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR && errno != EAGAIN)
      throw std::system_error(errno, std::system_category(), "cannot write " + name);
  }
}

void write_to_stderr(std::string_view text) noexcept {
  if (!stderr_queue::add(text)) write_directly_to_stderr(text);
}

void write_directly_to_stderr(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && !wait_for_retry(STDERR_FILENO, direction::writing)) return;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
}

} // namespace revecho
